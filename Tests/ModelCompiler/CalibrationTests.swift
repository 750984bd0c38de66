@testable import ModelCompiler
import ModelFormat
@testable import ONNX
import Tensors
import Testing

struct CalibrationTests {
  /// Elements evenly between -1 and 1, and some more.
  private func value(_ extra: [Float], count: Int = 10_000) -> ObservedValue {
    let elements = (0..<count).map { Float($0) / Float(count) * 2 - 1 } + extra
    var observed = ObservedValues(method: .meanSquaredError)
    observed.observe("x", elements, dimensions: [])
    observed.count("x", elements)
    return observed["x"]!
  }

  @Test func `a range without outliers is kept about whole`() {
    let form = RangeSearch.form(of: value([]))
    #expect((0.9...1.01).contains(form.quantisation.scale * 127.5))
  }

  @Test func `a single outlier doesn't widen the step to its own size`() {
    let form = RangeSearch.form(of: value([4], count: 500_000))
    #expect(form.quantisation.scale < 4.5 / 255)
  }

  @Test func `before a function that is flat below zero, no steps are spent there`() throws {
    let elements = (0..<10_000).map { Float($0) / 50 - 190 }
    var observed = ObservedValues(method: .meanSquaredError)
    observed.observe("x", elements, dimensions: [])
    observed.count("x", elements)
    let pair = try #require(RangeSearch.pair(of: observed["x"]!, before: { max($0, 0) }))
    #expect(pair.before.quantisation.scale < 0.06)
    #expect((0.03...0.05).contains(pair.after.quantisation.scale))
    #expect(RangeSearch.pair(of: observed["x"]!, before: { _ in .nan }) == nil)
  }

  @Test func `energy is lost where one scale serves uneven channels`() {
    func lost(_ second: Float) -> Double {
      var observed = ObservedValues(method: .meanSquaredError)
      observed.observe("x", [100, -100, second, -second], dimensions: [1, 2, 1, 2])
      return observed["x"]!.lostEnergy(scale: 200 / 255)
    }
    #expect(lost(100) < 0.001)
    #expect(lost(0.1) > 0.4)
    #expect(lost(0) < 0.001)
  }

  @Test func `values that no single scale serves are named, whichever method doesn't leave them float isn't`() throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [1, 0.5, -1, 0.25], [2, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["even"])
    model.append("Conv", ["even", "w"], ["uneven"])
    model.append("Conv", ["uneven", "w"], ["y"])
    let compilation = try ModelCompilation(model.model, name: "small")
    func named(_ method: CalibrationMethod) throws -> [String]? {
      var observed = ObservedValues(method: method)
      for (name, second) in [("x", Float(1)), ("even", 100), ("uneven", 0.1)] {
        let elements = [100, -100, 50, -50, second, -second, second / 2, -second / 2]
        observed.observe(name, elements, dimensions: name == "x" ? [] : [1, 2, 2, 2])
        observed.count(name, elements)
      }
      observed.countSample()
      return try compilation.quantised(by: CalibrationResult(observed: observed)).manifest.calibration?.unevenValues
    }
    #expect(try named(.meanSquaredError) == ["uneven"])
    #expect(try named(.percentile) == nil && named(.minMax) == nil)
  }

  @Test func `a percentile leaves out one element in ten thousand, and no end that holds none`() {
    var observed = ObservedValues(method: .percentile)
    let elements = (0..<100_000).map { Float($0) / 100_000 } + [50, 60, 70]
    observed.observe("x", elements, dimensions: [])
    observed.count("x", elements)
    let form = RangeSearch.form(of: observed["x"]!, by: .percentile)
    // A bin is 70/2048 wide.
    #expect((0.95...1.1).contains(form.quantisation.scale * 255) && form.quantisation.zeroPoint == 0)
    #expect(RangeSearch.form(of: observed["x"]!, by: .minMax).quantisation.scale * 255 > 69)
  }

  @Test func `entropy cuts a thin tail and keeps an even range`() {
    var thin = ObservedValues(method: .entropy)
    let elements = (0..<100_000).map { Float($0) / 100_000 } + [4]
    thin.observe("x", elements, dimensions: [])
    thin.count("x", elements)
    #expect(RangeSearch.form(of: thin["x"]!, by: .entropy).quantisation.scale * 255 < 2)
    let even = RangeSearch.form(of: value([]), by: .entropy)
    #expect((0.9...1.01).contains(even.quantisation.scale * 127.5))
  }

  /// A model's observations, every value of `names` between the same bounds.
  private func observations(_ names: [String], _ range: ClosedRange<Float>) -> CalibrationResult {
    var observed = ObservedValues(method: .minMax)
    for name in names { observed.observe(name, [range.lowerBound, range.upperBound], dimensions: []) }
    observed.countSample()
    return CalibrationResult(observed: observed)
  }

  @Test func `calibration rounds float weights, and constants where that costs a step at most`() throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [1, 0.5, -1, 0.25], [2, 2, 1, 1])
    model.floats("even", [1, 0.75], [2, 1, 1])
    model.floats("uneven", [1000, 0.01], [2, 1, 1])
    model.append("Conv", ["x", "w"], ["a"])
    model.append("Mul", ["a", "even"], ["b"])
    model.append("Conv", ["b", "w"], ["c"])
    model.append("Mul", ["c", "uneven"], ["d"])
    model.append("Conv", ["d", "w"], ["y"])
    let compiled = try ModelCompilation(model.model, name: "small").quantised(by: observations(["x", "a", "b", "c", "d"], -2...2))
    var families: [Bool] = []
    for instruction in compiled.program.instructions {
      switch instruction {
      case .convolution(let convolution): families.append(convolution.multipliers != nil)
      case .binary(let binary): families.append(compiled.program.tensors[Int(binary.output)].elementType.isEightBitInteger)
      default: continue
      }
    }
    // The last convolution gives the model's float output.
    #expect(families == [true, true, true, false, false])
  }

  @Test func `whole numbers behind a cast get no 8-bit form`() throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [1, 0.5, -1, 0.25], [2, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["a"])
    model.append("Cast", ["a"], ["whole"], ["to": .integer(7)])
    model.append("Cast", ["whole"], ["b"], ["to": .integer(1)])
    model.append("Conv", ["b", "w"], ["y"])
    _ = try ModelCompilation(model.model, name: "small").quantised(by: observations(["x", "a", "b"], -2...2))
  }

  @Test func `a channel whose weights are too small for a scale of their own is taken for zero`() throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [.leastNonzeroMagnitude, 0, 0.5, 1], [2, 2, 1, 1])
    model.floats("v", [1, 0.5], [1, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["a"])
    model.append("Conv", ["a", "v"], ["y"])
    let compiled = try ModelCompilation(model.model, name: "small").quantised(by: observations(["x", "a"], -2...2))
    let given = HostTensor([1, 1, 1, 1, -1, -1, -1, -1], dimensions: [1, 2, 2, 2])
    #expect(try model.run(compiled, [given])[0].floats().allSatisfy { abs($0 + 0.25) < 0.02 })
  }
}
