import Foundation
import Testing

@testable import swiftlet

@Suite struct ImageFiguresTests {
  private let width = 64
  private let height = 48

  private func image(_ value: (Int, Int) -> Double) -> [UInt8] {
    (0..<(width * height)).map { UInt8(min(max(value($0 % width, $0 / width).rounded(), 0), 255)) }
  }

  private func figures(_ value: (Int, Int) -> Double) throws -> ImageFigures {
    try #require(ImageFigures(grey: image(value), width: width, height: height))
  }

  @Test func `an even image has no sharpness, and its exposure is known`() throws {
    let grey = try figures { _, _ in 100 }
    #expect([grey.focus, grey.mean, grey.black, grey.white] == [0, 100, 0, 0])
    #expect(grey.advice == nil)
    #expect(try figures { _, _ in 0 }.advice == "underexposed")
    #expect(try figures { x, _ in x < 32 ? 255 : 100 }.advice == "overexposed")
    #expect(abs(try figures { x, _ in x < 32 ? 255 : 100 }.white - 0.5) < 0.02)
  }

  /// By hand: columns that alternate between 0 and 200 have Laplacians of ±400, a plane has none.
  @Test func `the variance of the Laplacian is what it is called`() throws {
    #expect(abs(try figures { x, _ in x.isMultiple(of: 2) ? 0 : 200 }.focus - 160_000) < 100)
    #expect(try figures { x, y in Double(x + y) }.focus == 0)
  }

  @Test func `the more an edge is blurred the less focus there is`() throws {
    let focus = try [0.5, 1, 2, 4, 8].map { blur in try figures { x, _ in 128 + 100 * tanh((Double(x) - 31.5) / blur) }.focus }
    #expect(zip(focus, focus.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func `what is too small to have neighbours, or shorter than it says, has no figures`() {
    #expect(ImageFigures(grey: [1, 2, 3, 4], width: 2, height: 2) == nil)
    #expect(ImageFigures(grey: [UInt8](repeating: 0, count: 99), width: 10, height: 10) == nil)
  }

  @Test func `of a large image a part is enough`() throws {
    let grey = [UInt8](repeating: 90, count: 4000 * 3000)
    #expect(try #require(ImageFigures(grey: grey, width: 4000, height: 3000)).mean == 90)
  }
}
