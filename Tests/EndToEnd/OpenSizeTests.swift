import Foundation
import Testing

/// A model for images of several sizes, quantised and measured at the one that its recipe declares.
@Suite(.serialized) final class OpenSizeTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-open-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(Self.colours()).write(to: folder.appendingPathComponent("colours.onnx"))
    try write(recipe: "32x24")
    // Squares of a colour among others, each elsewhere.
    for (label, name) in ["red", "green", "blue"].enumerated() {
      try FileManager.default.createDirectory(atPath: path("data/\(name)"), withIntermediateDirectories: true)
      for index in 0..<4 {
        var pixels: [UInt8] = []
        for place in 0..<40 * 30 {
          let isInside = abs(place % 40 - 10 - 4 * index) < 6 && abs(place / 40 - 15) < 6
          for channel in 0..<3 { pixels.append(isInside && channel == label ? 220 : UInt8(40 + (place * 7 + channel * 13 + index) % 30)) }
        }
        try (Data("P6\n40 30\n255\n".utf8) + Data(pixels)).write(to: folder.appendingPathComponent("data/\(name)/\(index).ppm"))
      }
    }
    try FileManager.default.createDirectory(atPath: path("seen"), withIntermediateDirectories: true)
    for name in ["red", "green", "blue"] { try FileManager.default.copyItem(atPath: path("data/\(name)/0.ppm"), toPath: path("seen/\(name).ppm")) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func write(recipe size: String) throws {
    let recipe = """
      name: colours
      task: classification
      labels: [red, green, blue]
      input: {tensor: image, size: \(size), colour: rgb, fit: stretch, mean: 0, deviation: 255}
      shapes: {image: 1x3x16..40x16..48}
      decoding: {family: classification, output: scores}
      """
    try Data("\(recipe)\n".utf8).write(to: folder.appendingPathComponent("colours.yaml"))
  }

  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  private func compile(calibratedOn images: String, _ more: String...) throws -> (status: Int32?, output: String, errors: [String]) {
    try run(["compile", path("colours.onnx"), "--recipe", path("colours.yaml"), "--calibrate", path(images), "-o", path("colours.swiftlet")] + more)
  }

  @Test func `what 8 bits cost is measured at the recipe's size, and kept with it`() throws {
    let compiled = try compile(calibratedOn: "seen", "--evaluate", path("data"), "--accuracy-budget", "5%", "--report", path("report"))
    #expect(compiled.status == 0 && compiled.output.contains("top-1"), "\(compiled.errors)")
    let inspected = try run(["inspect", path("colours.swiftlet")]).output
    #expect(inspected.contains("over 12 image(s)") && inspected.contains(", at H=24, W=32\n"), "\(inspected)")
    #expect(inspected.contains("open size       H: 16 to 40") && inspected.contains("at the largest size"), "\(inspected)")
    let facts = try JSONSerialization.jsonObject(with: Data(try run(["inspect", path("colours.swiftlet"), "--json"]).output.utf8)) as? [String: Any]
    let accuracy = try #require(facts?["accuracy"] as? [String: Any])
    #expect(accuracy["sizes"] as? [String: Int] == ["H": 24, "W": 32])
    #expect(accuracy["float"] as? Double == 1 && accuracy["quantised"] as? Double == 1)
    #expect(try String(contentsOfFile: path("report/index.html"), encoding: .utf8).contains("at H=24, W=32"))
    // The package prepares images of that size by itself, and so gives the same.
    let later = try run(["evaluate", path("colours.swiftlet"), path("data"), "--json"])
    #expect(later.output.contains("\"top1\": 1.0"), "\(later.output) \(later.errors)")
  }

  @Test func `a budget that can't be held is refused, and so is a size outside the bounds`() throws {
    // Black images show nothing of any range.
    try FileManager.default.createDirectory(atPath: path("black"), withIntermediateDirectories: true)
    try (Data("P6\n40 30\n255\n".utf8) + Data(repeating: 0, count: 3600)).write(to: folder.appendingPathComponent("black/0.ppm"))
    let refused = try compile(calibratedOn: "black", "--evaluate", path("data"), "--accuracy-budget", "5%")
    #expect(refused.status == 1 && refused.errors.contains { $0.contains("the budget is 5") }, "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("colours.swiftlet")))
    try write(recipe: "32x64")
    let outside = try compile(calibratedOn: "seen")
    #expect(outside.status == 1 && outside.errors.last?.contains("32x64 images, and 'H' can be 16 to 40") == true, "\(outside.errors)")
  }

  /// The mean of what a channel has more than the others: [1, 3, H, W] → convolution of stride 2, ReLU, mean → [1, 3].
  private static func colours() -> [UInt8] {
    let weights = (0..<3).flatMap { output in (0..<3).flatMap { input in [Float](repeating: output == input ? 0.2 : -0.1, count: 9) } }
    return SmallONNX(
      input: ("image", [.size(1), .size(3), .open("H"), .open("W")]), constants: [("w", [3, 3, 3, 3], weights)],
      nodes: [
        .init("Conv", ["image", "w"], "c", ["strides": [2, 2], "pads": [1, 1, 1, 1]]), .init("Relu", ["c"], "r"), .init("GlobalAveragePool", ["r"], "m"),
        .init("Flatten", ["m"], "scores"),
      ], output: "scores"
    ).bytes
  }
}
