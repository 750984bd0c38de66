import Testing

@testable import Imaging

@Suite struct DrawingTests {
  static let red = RGBImage.Colour(red: 255, green: 0, blue: 0)

  /// The places of a colour, row by row, as text.
  static func picture(_ image: RGBImage, _ colour: RGBImage.Colour) -> [String] {
    (0..<image.height).map { y in (0..<image.width).map { image[$0, y] == colour ? "#" : "." }.joined() }
  }

  @Test func `a box is drawn along its inside`() {
    var image = RGBImage(width: 8, height: 6)
    image.drawBox(x: 1, y: 1, width: 6, height: 4, colour: Self.red, thickness: 1)
    #expect(Self.picture(image, Self.red) == ["........", ".######.", ".#....#.", ".#....#.", ".######.", "........"])
  }

  @Test(arguments: [
    (-5, -5, 100, 100), (Float.infinity, 0, 1, 1), (.nan, .nan, .nan, .nan), (-.infinity, 3, .infinity, 2), (7.6, 5.4, 0, 0), (1e30, 1e30, 1e30, 1e30),
  ])
  func `boxes anywhere are clipped`(x: Float, y: Float, width: Float, height: Float) {
    var image = RGBImage(width: 8, height: 6)
    image.annotate(x: x, y: y, width: width, height: height, caption: "long caption ♥", colour: Self.red)
    #expect(image.pixels.count == 8 * 6 * 3)
  }

  @Test func `text is readable`() {
    var image = RGBImage(width: 17, height: 7)
    image.drawText("T1?", x: 0, y: 0, colour: Self.red)
    #expect(
      Self.picture(image, Self.red) == [
        "#####...#....###.", "..#....##...#...#", "..#.....#.......#", "..#.....#......#.", "..#.....#.....#..", "..#.....#........", "..#....###....#..",
      ])
    #expect(RGBImage.textSize("T1?") == (17, 7) && RGBImage.textSize("ab", scale: 3) == (33, 21))
  }

  @Test func `every character has a shape of its own, and all but space leave a mark`() {
    let shapes = (33..<127).map { Array(BitmapFont.columns(of: Character(UnicodeScalar(UInt8($0))))) }
    #expect(Set(shapes).count == shapes.count)
    #expect(shapes.allSatisfy { $0.contains { $0 != 0 } && $0.allSatisfy { $0 < 128 } })
    #expect(Array(BitmapFont.columns(of: "é")) == [0x7F, 0x41, 0x41, 0x41, 0x7F])
  }

  @Test func `neighbouring classes have colours far apart`() {
    for index in 0..<100 {
      let first = RGBImage.Colour.distinct(index)
      let second = RGBImage.Colour.distinct(index + 1)
      let differences: [Int] = [
        abs(Int(first.red) - Int(second.red)), abs(Int(first.green) - Int(second.green)), abs(Int(first.blue) - Int(second.blue)),
      ]
      #expect(differences.reduce(0, +) > 100)
    }
  }
}
