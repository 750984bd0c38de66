import Inspection
import Testing

@Suite struct PlaceTests {
  @Test(
    arguments: [
      (0.5, 0.5, true), (0.1, 0.5, false), (0.31, 0.31, true), (0.5, 0.75, false), (0.2, 0.5, false), (0.95, 0.95, false),
    ] as [(Float, Float, Bool)])
  func `a region holds what is inside`(x: Float, y: Float, expected: Bool) {
    // A square with a notch from below.
    let region = Region(
      name: "r",
      corners: [(0.3, 0.3), (0.8, 0.3), (0.8, 0.9), (0.5, 0.6), (0.3, 0.9)].map { FramePoint(x: $0.0, y: $0.1) })
    #expect(region.contains(FramePoint(x: x, y: y)) == expected)
  }

  private func crossing(_ direction: CountLine.Direction, _ from: (Float, Float), _ to: (Float, Float)) -> Float? {
    CountLine(name: "l", from: FramePoint(x: 0.5, y: 0), to: FramePoint(x: 0.5, y: 0.5), direction: direction)
      .crossing(from: FramePoint(x: from.0, y: from.1), to: FramePoint(x: to.0, y: to.1))
  }

  @Test func `a line is crossed in its direction, between its ends, and once`() throws {
    #expect(abs(try #require(crossing(.right, (0.4, 0.2), (0.8, 0.2))) - 0.25) < 1e-5)
    #expect(crossing(.left, (0.4, 0.2), (0.8, 0.2)) == nil && crossing(.left, (0.8, 0.2), (0.4, 0.2)) != nil)
    #expect(crossing(.both, (0.4, 0.2), (0.8, 0.2)) != nil && crossing(.both, (0.8, 0.2), (0.4, 0.2)) != nil)
    #expect(crossing(.both, (0.4, 0.6), (0.8, 0.6)) == nil, "below its end")
    #expect(crossing(.both, (0.1, 0.2), (0.4, 0.2)) == nil)
    // A step that ends on the line and one that begins there are one crossing together.
    let steps = [crossing(.right, (0.4, 0.2), (0.5, 0.2)), crossing(.right, (0.5, 0.2), (0.6, 0.2))]
    #expect(steps.count { $0 != nil } == 1)
  }
}
