import Foundation
import Testing

/// `compile --calibrate` of a model that hears, on sound files. What it costs a real one, Tests/Conformance/speech-int8.sh measures.
@Suite struct SoundCalibrationTests {
  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  /// A second of 16-bit samples at 8 kHz.
  private func tone(_ hertz: Double) -> Data {
    func bytes(_ value: Int, _ count: Int) -> Data { Data((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }) }
    let samples = (0..<8000).reduce(into: Data()) { data, index in
      let wave: Double = sin(2 * .pi * hertz * Double(index) / 8000)
      data += bytes(Int(8000 * wave * sin(Double(index) / 900)), 2)
    }
    let header: [Data] = [
      Data("RIFF".utf8), bytes(36 + samples.count, 4), Data("WAVEfmt ".utf8), bytes(16, 4), bytes(1, 2), bytes(1, 2), bytes(8000, 4), bytes(16000, 4),
      bytes(2, 2),
      bytes(16, 2), Data("data".utf8), bytes(samples.count, 4),
    ]
    return header.reduce(Data(), +) + samples
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
    for hertz in [440.0, 1800] { try tone(hertz).write(to: sounds.appendingPathComponent("\(Int(hertz)).wav")) }
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
