@testable import ModelCompiler
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
}
