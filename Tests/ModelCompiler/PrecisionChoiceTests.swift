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
    return (CalibrationResult(observed: observed), try OutputNoise(compilation, input: .image(input), images: images()))
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
    var tried: [Set<String>] = []
    let found = choice.leastFloat {
      tried.append($0.keptFloat)
      return $0.keptFloatCount == choice.candidateCount
    }
    #expect(found?.keptFloatCount == choice.candidateCount)
    // More each time until one passes, and no set twice.
    let counts = tried.prefix { $0.count < choice.candidateCount }.map(\.count)
    #expect(counts.first == 1 && counts == counts.sorted() && Set(tried).count == tried.count)
    tried = []
    let none = choice.leastFloat {
      tried.append($0.keptFloat)
      return false
    }
    #expect(none == nil && tried.last?.count == choice.candidateCount && tried.map(\.count) == tried.map(\.count).sorted())
    tried = []
    _ = choice.leastFloat(above: 1) {
      tried.append($0.keptFloat)
      return true
    }
    // What passes at once is followed by cheaper sets alone, and never by none.
    #expect(tried.map(\.count) == [2, 1])
  }

  @Test func `the budget's search ends after a few cheaper sets, however many values there are`() {
    let many = (0..<100).map { PrecisionChoice.Candidate(name: "value \($0)", gain: 1 / Double($0 + 1), cost: 0.001) }
    let choice = PrecisionChoice(CalibrationResult(observed: ObservedValues(method: .minMax)), ranking: many)
    var count = 0
    let found = choice.leastFloat { tried in
      count += 1
      return tried.keptFloat.isSuperset(of: many.prefix(50).map(\.name))
    }
    // Seven up to 64, six between, eight cheaper ones.
    #expect(found?.keptFloat == Set(many.prefix(50).map(\.name)) && count <= 21, "\(count)")
  }

  @Test func `values that lessen no noise by themselves come last, so that a budget may end with the float model`() {
    let candidates: [PrecisionChoice.Candidate] = [
      .init(name: "worse, dear", gain: -0.1, cost: 0.2), .init(name: "good", gain: 0.1, cost: 0.5), .init(name: "of no use, cheap", gain: 0, cost: 0.01),
      .init(name: "better", gain: 0.3, cost: 0.1),
    ]
    let choice = PrecisionChoice(CalibrationResult(observed: ObservedValues(method: .minMax)), ranking: candidates)
    #expect(choice.candidates.map(\.name) == ["better", "good", "of no use, cheap", "worse, dear"])
    let found = choice.leastFloat { $0.keptFloatCount == 4 }
    #expect(found?.keptFloat == Set(candidates.map(\.name)))
  }

  /// Which of three values the search keeps, if a set passes by what its gains add up to.
  private func kept(_ candidates: [PrecisionChoice.Candidate], reaching enough: Double) throws -> Set<String>? {
    let choice = PrecisionChoice(CalibrationResult(observed: ObservedValues(method: .minMax)), ranking: candidates)
    var last: Set<String>?
    let found = choice.leastFloat { tried in
      let passes = candidates.reduce(0) { $0 + (tried.keptFloat.contains($1.name) ? $1.gain : 0) } >= enough
      if passes { last = tried.keptFloat }
      return passes
    }
    #expect(found?.keptFloat == last)
    return found?.keptFloat
  }

  @Test func `of two sets that hold a budget the cheaper is kept`() throws {
    // The dear one is the best for its cost, and the cheap one does as well.
    #expect(try kept([.init(name: "dear", gain: 0.9, cost: 0.3), .init(name: "cheap", gain: 0.2, cost: 0.1)], reaching: 0.2) == ["cheap"])
    #expect(try kept([.init(name: "dear", gain: 0.9, cost: 0.3), .init(name: "cheap", gain: 0.2, cost: 0.1)], reaching: 0.3) == ["dear"])
    // What was taken first is needless beside what came second.
    #expect(try kept([.init(name: "first", gain: 0.3, cost: 0), .init(name: "second", gain: 0.7, cost: 0.3)], reaching: 0.6) == ["second"])
    // Two cheap ones do what a dear one does.
    let three = [
      PrecisionChoice.Candidate(name: "dear", gain: 0.9, cost: 0.4), .init(name: "a", gain: 0.2, cost: 0.1), .init(name: "b", gain: 0.2, cost: 0.12),
    ]
    #expect(try kept(three, reaching: 0.35) == ["a", "b"])
  }

  @Test func `on a model, the set that holds a budget costs least of all that do`() throws {
    let (result, noise) = try calibrated(isLong: true)
    let choice = try PrecisionChoice(result, noise)
    let names = choice.candidates.map(\.name)
    try #require(names.count < 6)
    let measured = try (1..<1 << names.count).map { set in
      var tried = result
      tried.keptFloat = Set(names.indices.filter { set >> $0 & 1 == 1 }.map { names[$0] })
      return (tried.keptFloat, try noise.measure(tried))
    }
    let plain = try noise.measure(result).noise
    for share in [0.9, 0.5, 0.1, 0.05] {
      let passing = measured.filter { $0.1.noise <= plain * share }
      let found = choice.leastFloat { tried in passing.contains { $0.0 == tried.keptFloat } }
      let cost = measured.first { $0.0 == found?.keptFloat }?.1.floatShare
      #expect(cost == passing.map(\.1.floatShare).min(), "\(share): \(found?.keptFloat ?? []) of \(measured)")
    }
  }
}
