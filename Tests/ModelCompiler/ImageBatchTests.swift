import CPUExecution
import Foundation
import Imaging
@testable import ModelCompiler
import ModelManifest
@testable import ONNX
import ObjectDetection
import Tensors
import Testing

/// Packages for images that leave open how many of them a run takes.
struct ImageBatchTests {
  /// Scores of three classes: a convolution over an image of 12 × 8 pixels, and a mean.
  /// - Parameter isCoupled: whether each image's scores are what it has beyond the mean of all images.
  private static func model(isCoupled: Bool = false) -> ONNXModel {
    var model = SmallModel(inputs: [("image", SmallModel.float, [1, 3, 0, 0])], outputs: ["scores"])
    model.constants["w"] = HostTensor(SmallModel.numbers(81, seed: 3), dimensions: [3, 3, 3, 3])
    model.append("Conv", ["image", "w"], ["c"], ["pads": .integers([1, 1, 1, 1])])
    model.append("Relu", ["c"], ["r"])
    model.append("GlobalAveragePool", ["r"], ["m"])
    if isCoupled {
      model.append("ReduceMean", ["m"], ["mean"], ["axes": .integers([0]), "keepdims": .integer(1)])
      model.append("Sub", ["m", "mean"], ["own"])
    }
    model.append("Flatten", [isCoupled ? "own" : "m"], ["f"])
    model.append("Sigmoid", ["f"], ["scores"])
    return model.model(open: ["image": [.symbol("N"), .size(3), .size(8), .size(12)]])
  }

  private func compilation(_ images: AxisSize, _ model: ONNXModel = model()) throws -> OpenCompilation {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-batch-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("r.yaml")
    let recipe = """
      name: colours
      task: classification
      labels: [a, b, c]
      input: {tensor: image, size: 12x8, colour: rgb, fit: stretch, deviation: 255}
      decoding: {family: classification, output: scores}
      """
    try Data("\(recipe)\n".utf8).write(to: file)
    var options = CompilationOptions()
    options.recipe = try Recipe(contentsOf: file.path)
    return try OpenCompilation(model, name: "colours", options: options, shapes: ["image": [images, .fixed(3), .fixed(8), .fixed(12)]])
  }

  @Test func `images that run together give what each gives alone`() throws {
    let compilation = try compilation(.open(1...4))
    // Calibration and evaluation look at one after the other.
    #expect(compilation.sizes.map(\.size) == [1])
    let compiled = try compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }
    let package = try ModelPackage(compiled.file(), origin: "colours.swiftlet")
    let models = try (0..<4).map { _ in try VisionModel<CPUBackend>(package, options: CPUOptions()) }
    let batch = try VisionBatch(package, like: models[0], limit: 4, options: CPUOptions())
    var alone: [[Detection]] = []
    for (number, model) in models.enumerated() {
      let pixels = (0..<12 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 * (7 + 11 * number) + 40 * number) }
      unsafe pixels.withUnsafeBytes { bytes in
        let view = unsafe ImageView(format: .rgb24, width: 12, height: 8, bytesPerLine: 36, bytes: bytes)
        #expect(model.prepare(view) == .prepared)
      }
      model.run()
      alone.append(try #require(model.decode()))
    }
    #expect(Set(alone.map { $0.map(\.score) }).count == 4, "four images that differ")
    for count in 2...4 {
      for slot in 0..<count { batch.write(models[slot], at: slot, of: count) }
      batch.run(count)
      for slot in 0..<count { #expect(models[slot].decode(slot, in: count, of: batch) == alone[slot], "image \(slot) of \(count)") }
    }
  }

  @Test func `a model that looks over all images of a run is refused`() throws {
    let compiled = try compilation(.open(1...4), Self.model(isCoupled: true)).compiled { (bound) throws(CompilerError) in try bound.compiled() }
    let package = try ModelPackage(compiled.file(), origin: "coupled.swiftlet")
    let model = try VisionModel<CPUBackend>(package, options: CPUOptions())
    let error = #expect(throws: ObjectDetectionError.self) { try VisionBatch(package, like: model, limit: 4, options: CPUOptions()) }
    #expect(error?.message.contains("what it finds in an image depends on the others of the same run (output 'scores'") == true, "\(error?.message ?? "")")
  }

  @Test func `the number of images begins at one`() throws {
    let error = #expect(throws: CompilerError.self) { try compilation(.open(2...4)) }
    #expect(error?.message.contains("is how many images a run takes, and begins at 2: let it begin at 1") == true)
  }
}
