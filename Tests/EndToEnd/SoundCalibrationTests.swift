import Foundation
import Testing

/// `compile --calibrate` of a model that hears, on sound files. What it costs a real one, Tests/Conformance/speech-int8.sh measures.
@Suite struct SoundCalibrationTests {
  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  @Test func `a model of open length is brought to 8 bits by sounds of any length`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-hears-\(UUID().uuidString)")
    let sounds = folder.appendingPathComponent("sounds")
    try FileManager.default.createDirectory(at: sounds, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let weights: [Float] = (0..<192).map { index in Float(index * 37 % 41) / 41 - 0.5 }
    let model = SmallONNX(
      input: ("mel", [.size(1), .size(8), .open("T")]), constants: [("w", [8, 8, 3], weights), ("v", [4, 8, 1], Array(weights.prefix(32)))],
      nodes: [.init("Conv", ["mel", "w"], "c", ["pads": [1, 1]]), .init("Relu", ["c"], "r"), .init("Conv", ["r", "v"], "y")], output: "y")
    try Data(model.bytes).write(to: folder.appendingPathComponent("hears.onnx"))
    let recipe = """
      task: raw
      sound: {tensor: mel, sample-rate: 8000, features: log-mel, window: 256, hop: 128, bands: 8, log-offset: 1.0e-6, normalise: band}
      shapes: {mel: 1x8x16..200}

      """
    try Data(recipe.utf8).write(to: folder.appendingPathComponent("hears.yaml"))
    let compile = ["compile", path("hears.onnx"), "--recipe", path("hears.yaml"), "--calibrate", sounds.path, "-o", path("hears.swiftlet")]
    let silent = try run(compile)
    #expect(silent.status == 1 && silent.errors.last?.contains("holds no WAV or FLAC file") == true, "\(silent.errors)")
    for hertz in [440.0, 1800] { try SmallSound.tone(hertz).write(to: sounds.appendingPathComponent("\(Int(hertz)).wav")) }
    let compiled = try run(compile)
    #expect(compiled.status == 0, "\(compiled.errors)")
    let inspected = try run(["inspect", path("hears.swiftlet")]).output
    #expect(inspected.contains("over 2 sample(s)") && inspected.contains("open size       T: 16 to 200"), "\(inspected)")
    #expect(inspected.contains("convolution     2  (2 in 8 bits)") || inspected.contains("convolution     2  (1 in 8 bits)"), "\(inspected)")
    try Data("no sound".utf8).write(to: sounds.appendingPathComponent("x.wav"))
    let damaged = try run(compile)
    #expect(damaged.status == 1 && damaged.errors.last?.contains("x.wav") == true, "\(damaged.errors)")
  }
}
