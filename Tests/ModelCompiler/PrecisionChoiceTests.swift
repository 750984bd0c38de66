import Foundation
@testable import ModelCompiler
import ModelFormat
import ModelManifest
@testable import ONNX
import Tensors
import Testing

/// Which values are kept float, on images of noise.
final class PrecisionChoiceTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-precision-\(UUID().uuidString)")
  private let input = ImageInput(tensor: "x", width: 8, height: 8, fit: .stretch, deviation: [255, 255, 255])

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func images() throws -> [String] {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return try (0..<4).map { index in
      let file = folder.appendingPathComponent("\(index).ppm")
      let pixels = SmallModel.numbers(8 * 8 * 3, seed: UInt64(index + 1)).map { UInt8(($0 + 1) * 127) }
      try (Data("P6 8 8 255\n".utf8) + Data(pixels)).write(to: file)
      return file.path
    }
  }

  /// x → a, two channels of which only the second is read on, and a's step is larger than all of it. With `isLong`, two layers follow that
  /// make nearly all multiplications.
  private func calibrated(isLong: Bool) throws -> (result: CalibrationResult, noise: OutputNoise) {
    var model = SmallModel.of([1, 3, 8, 8])
    model.floats("w", [100, 50, -100, 1, -1, 0.5], [2, 3, 1, 1])
    model.floats("v", (0..<16).flatMap { [0, Float($0 % 5 + 1)] }, [16, 2, 1, 1])
    model.floats("u", SmallModel.numbers(64 * 16 * 9, seed: 7), [64, 16, 3, 3])
    model.floats("t", SmallModel.numbers(64 * 64 * 9, seed: 8), [64, 64, 3, 3])
    model.append("Conv", ["x", "w"], ["a"])
    model.append("Conv", ["a", "v"], [isLong ? "b" : "y"])
    if isLong {
      model.append("Conv", ["b", "u"], ["c"], ["pads": .integers([1, 1, 1, 1])])
      model.append("Conv", ["c", "t"], ["y"], ["pads": .integers([1, 1, 1, 1])])
    }
    let compilation = try ModelCompilation(model.model, name: "small")
    // Ranges as they come: the calibrator would make the channels even first.
    var observed = ObservedValues(method: .minMax)
    for (name, reach) in [("x", Float(1)), ("a", 150), ("b", 8), ("c", 200)] { observed.observe(name, [-reach, reach], dimensions: []) }
    observed.countSample()
    return (CalibrationResult(observed: observed), try OutputNoise(compilation, input: input, images: images()))
  }

  @Test func `a value that hides what the model reads stays float where that costs little`() throws {
    let (result, noise) = try calibrated(isLong: true)
    let kept = try PrecisionChoice(result, noise).keepingWorthwhile(noise)
    #expect(kept.keptFloat == ["a"])
    let (before, after) = (try noise.measure(result), try noise.measure(kept))
    #expect(after.noise < before.noise / 10)
    #expect(after.floatShare - before.floatShare < 0.05)
  }

  @Test func `a value that makes most of the multiplications stays in 8 bits unless it is asked for`() throws {
    let (result, noise) = try calibrated(isLong: false)
    let choice = try PrecisionChoice(result, noise)
    #expect(try choice.keepingWorthwhile(noise).keptFloat.isEmpty)
    let found = choice.leastFloat { $0.keptFloat.contains("a") }
    #expect(found?.keptFloatCount == 1)
  }

  @Test func `the budget's search tries more values until one set passes, and gives up after all of them`() throws {
    let (result, noise) = try calibrated(isLong: true)
    let choice = try PrecisionChoice(result, noise)
    #expect(choice.candidateCount >= 2)
    var tried: [Int] = []
    let found = choice.leastFloat {
      tried.append($0.keptFloatCount)
      return $0.keptFloatCount == choice.candidateCount
    }
    #expect(found?.keptFloatCount == choice.candidateCount && tried.first == 1 && tried == tried.sorted())
    tried = []
    let none = choice.leastFloat {
      tried.append($0.keptFloatCount)
      return false
    }
    #expect(none == nil && tried.last == choice.candidateCount)
    tried = []
    _ = choice.leastFloat(above: 1) {
      tried.append($0.keptFloatCount)
      return true
    }
    #expect(tried == [2])
  }
}
