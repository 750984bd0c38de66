import Foundation
import Imaging
import SharedData
import Testing

/// A picture with edges and gradients.
func testPicture(width: Int, height: Int) -> RGBImage {
  var image = RGBImage(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      image[x, y] = .init(red: UInt8(x * 255 / max(1, width - 1)), green: UInt8(y * 255 / max(1, height - 1)), blue: (x / 8 + y / 8) % 2 == 0 ? 40 : 200)
    }
  }
  return image
}

/// A BMP file: 24 or 32 bits, bottom-up or top-down.
func bmp(_ image: RGBImage, bits: Int, isTopDown: Bool, compression: UInt32 = 0) -> [UInt8] {
  func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  var pixels: [UInt8] = []
  for row in 0..<image.height {
    let y = isTopDown ? row : image.height - 1 - row
    var line: [UInt8] = []
    for x in 0..<image.width {
      let colour = image[x, y]
      line += [colour.blue, colour.green, colour.red] + (bits == 32 ? [255] : [])
    }
    pixels += line + [UInt8](repeating: 0, count: (4 - line.count % 4) % 4)
  }
  var bytes: [UInt8] = [0x42, 0x4D] + little(54 + pixels.count, 4) + little(0, 4) + little(54, 4)
  bytes += little(40, 4) + little(image.width, 4) + little(isTopDown ? -image.height : image.height, 4) + little(1, 2) + little(bits, 2)
  bytes += little(Int(compression), 4) + little(pixels.count, 4) + little(0, 16)
  return bytes + pixels
}

func failure(_ bytes: [UInt8]) -> ImagingError? {
  do throws(ImagingError) { _ = try RGBImage(decoding: bytes, named: "picture") } catch { return error }
  return nil
}

@Suite struct ImageFileTests {
  @Test(arguments: [24, 32], [false, true])
  func `BMP files are read in both row orders`(bits: Int, isTopDown: Bool) throws {
    for width in 1...6 {
      let image = testPicture(width: width, height: 3)
      #expect(try RGBImage(decoding: bmp(image, bits: bits, isTopDown: isTopDown), named: "picture") == image)
    }
  }

  @Test func `PPM and PGM files are read with comments and other maxima`() throws {
    let image = testPicture(width: 13, height: 7)
    #expect(try RGBImage(decoding: image.ppm(), named: "picture") == image)
    let commented = Array("P6 # made by hand\n# size\n 13\t7 255 ".utf8) + image.pixels
    #expect(try RGBImage(decoding: commented, named: "picture") == image)
    let grey = try RGBImage(decoding: Array("P5\n3 1\n15\n".utf8) + [0, 5, 15], named: "picture")
    #expect(grey.pixels == [0, 0, 0, 85, 85, 85, 255, 255, 255])
  }

  @Test func `a JPEG comes back nearly as it went`() throws {
    let image = testPicture(width: 65, height: 43)
    let back = try RGBImage(decoding: image.jpeg(quality: 95), named: "picture")
    #expect(back.width == 65 && back.height == 43)
    let difference = zip(image.pixels, back.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(Double(difference) / Double(image.pixels.count) < 10)
  }

  @Test func `other files are refused by name and with advice`() throws {
    #expect(failure([])?.message.contains("empty") == true)
    #expect(failure([0x89, 0x50, 0x4E, 0x47])?.message.contains("PNG") == true)
    #expect(failure(Array("hello".utf8))?.code == .unsupportedFormat)
    #expect(failure(bmp(testPicture(width: 4, height: 4), bits: 24, isTopDown: false, compression: 1))?.code == .unsupportedFormat)
    #expect(failure(Array("P6\n2 2\n65535\n".utf8) + [UInt8](repeating: 0, count: 24))?.code == .unsupportedFormat)
    let missing = #expect(throws: ImagingError.self) { try RGBImage(contentsOf: "/nonexistent/picture.jpg") }
    #expect(missing?.code == .unreadableFile && missing?.message.contains("/nonexistent/picture.jpg") == true)
    let folder = #expect(throws: ImagingError.self) { try RGBImage(contentsOf: "/tmp") }
    #expect(folder?.message.contains("not a regular file") == true)
  }

  @Test func `images are written and read back by their names' endings`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("imaging-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let image = testPicture(width: 20, height: 10)
    try image.write(to: folder.appendingPathComponent("a.ppm").path)
    #expect(try RGBImage(contentsOf: folder.appendingPathComponent("a.ppm").path) == image)
    try image.write(to: folder.appendingPathComponent("a.JPG").path)
    #expect(try RGBImage(contentsOf: folder.appendingPathComponent("a.JPG").path).width == 20)
    #expect(throws: ImagingError.self) { try image.write(to: folder.appendingPathComponent("a.png").path) }
    let error = #expect(throws: ImagingError.self) { try image.write(to: folder.path + "/none/a.ppm") }
    #expect(error?.code == .unwritableFile)
  }
}

@Suite struct HostileImageTests {
  static let pictures: [(String, [UInt8])] = {
    let image = testPicture(width: 32, height: 17)
    return [
      ("BMP 24", bmp(image, bits: 24, isTopDown: false)), ("BMP 32", bmp(image, bits: 32, isTopDown: true)), ("PPM", image.ppm()),
      ("JPEG", (try? image.jpeg(quality: 80)) ?? []),
    ]
  }()

  @Test(arguments: pictures)
  func `a file cut anywhere is damaged`(name: String, bytes: [UInt8]) {
    for count in 2..<bytes.count {
      if failure(Array(bytes.prefix(count))) == nil { Issue.record("\(name) cut to \(count) of \(bytes.count) bytes was read") }
    }
  }

  @Test(arguments: pictures)
  func `flipped bits never do worse than an error`(name: String, bytes: [UInt8]) {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<1500 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        // Headers are hit more often than pixels.
        let limit = Bool.random(using: &generator) ? min(64, bytes.count) : bytes.count
        damaged[Int.random(in: 0..<limit, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      if let image = try? RGBImage(decoding: damaged, named: name) {
        #expect(image.pixels.count == 3 * image.width * image.height)
      }
    }
  }

  @Test func `random bytes behind a known beginning never do worse than an error`() {
    var generator = SeededGenerator(seed: 8)
    for start in [[0xFF, 0xD8, 0xFF], [0x42, 0x4D], [0x50, 0x36, 0x0A], [0x50, 0x35]] as [[UInt8]] {
      for _ in 0..<500 {
        let count = Int.random(in: 0..<300, using: &generator)
        let bytes = start + (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        if let image = try? RGBImage(decoding: bytes, named: "noise") { #expect(ImageBounds.allow(width: image.width, height: image.height)) }
      }
    }
  }

  @Test func `giant dimensions are refused before memory is taken`() throws {
    var giant = bmp(testPicture(width: 4, height: 4), bits: 24, isTopDown: false)
    giant.replaceSubrange(18..<26, with: [0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F])
    #expect(failure(giant)?.code == .tooLarge)
    giant.replaceSubrange(22..<26, with: [0, 0, 0, 0x80])
    #expect(failure(giant)?.code == .tooLarge)
    #expect(failure(Array("P6 999999999 999999999 255 ".utf8))?.code == .tooLarge)
    #expect(failure(Array("P6 99999999999999999999 1 255 ".utf8))?.code == .damagedImage)
    var jpeg = try testPicture(width: 16, height: 16).jpeg()
    let frame = try #require((0..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(failure(jpeg)?.code == .unsupportedFormat)
  }
}

@Suite struct JPEGDecoderTests {
  @Test func `a camera's frame may lack its end marker but no pixels`() throws {
    let bytes = try testPicture(width: 64, height: 48).jpeg()
    let decoder = try JPEGDecoder()
    func outcome(_ bytes: [UInt8]) -> JPEGDecoder.Outcome { unsafe bytes.withUnsafeBytes { unsafe decoder.decode($0, toleratesMissingEnd: true) } }
    let whole = JPEGDecoder.Outcome.decoded(width: 64, height: 48, headerWidth: 64, headerHeight: 48)
    #expect(outcome(bytes) == whole)
    let pixels = unsafe [UInt8](decoder.pixels)
    #expect(outcome(Array(bytes.dropLast(2))) == whole)
    #expect(unsafe [UInt8](decoder.pixels) == pixels)
    #expect(outcome(bytes + [0, 0, 0, 0]) == whole)
    for count in 0..<(bytes.count - 6) { #expect(outcome(Array(bytes.prefix(count))) == .damaged, "cut to \(count) of \(bytes.count)") }
  }

  @Test(arguments: [(201, 150, 400, 300), (200, 150, 200, 150), (101, 75, 200, 150), (1, 1, 50, 38)])
  func `decoding scales down only as far as is asked`(leastWidth: Int, leastHeight: Int, width: Int, height: Int) throws {
    let bytes = try testPicture(width: 400, height: 300).jpeg()
    let outcome = try unsafe bytes.withUnsafeBytes { unsafe try JPEGDecoder().decode($0, leastWidth: leastWidth, leastHeight: leastHeight) }
    #expect(outcome == .decoded(width: width, height: height, headerWidth: 400, headerHeight: 300))
  }

  @Test func `an MJPEG frame prepares as its decoded pixels do, whatever size was announced`() throws {
    let bytes = try testPicture(width: 90, height: 80).jpeg()
    let decoded = try RGBImage(decoding: bytes, named: "frame")
    let preparation = try ImagePreparation(settings: .init(width: 32, height: 32), target: .init(elementType: .float32, dimensions: [1, 32, 32, 3]))
    var expected = [Float](repeating: 0, count: 3072)
    #expect(preparation.prepare(decoded.pixels, .rgb24, width: 90, height: 80, bytesPerLine: 270, into: &expected) == .prepared)
    let mapping = preparation.mapping
    var tensor = [Float](repeating: 0, count: 3072)
    #expect(preparation.prepare(bytes, .mjpeg, width: 1, height: 1, bytesPerLine: 0, into: &tensor) == .prepared)
    #expect(tensor == expected && preparation.mapping == mapping)
    var untouched = tensor
    #expect(preparation.prepare(Array(bytes.prefix(300)), .mjpeg, width: 90, height: 80, bytesPerLine: 0, into: &untouched) == .damagedImage)
    #expect(untouched == tensor)
    preparation.scalesWhileDecoding = true
    #expect(preparation.prepare(bytes, .mjpeg, width: 90, height: 80, bytesPerLine: 0, into: &tensor) == .prepared)
    #expect(preparation.mapping == mapping)
    let worst = zip(tensor, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(worst > 0 && worst < 80)
  }
}

@Suite(.enabled(if: Shared.isPresent)) struct RealPhotographTests {
  @Test(arguments: [("face.jpg", 512, 355), ("cat.bmp", 512, 341), ("kite_and_cold.jpg", 1352, 900), ("sunflower.bmp", 512, 340)])
  func `photographs are read`(name: String, width: Int, height: Int) throws {
    let image = try RGBImage(contentsOf: #require(Shared.root) + "/data/photos/" + name)
    #expect(image.width == width && image.height == height)
    let mean = image.pixels.reduce(0) { $0 + Int($1) } / image.pixels.count
    #expect(mean > 40 && mean < 220)
  }

  @Test func `every image of the data sets is read`() throws {
    let root = try #require(Shared.root) + "/data/"
    for folder in ["coco/images", "imagenet"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: root + folder) where RGBImage.isImageFile(named: name) {
        #expect(throws: Never.self) { try RGBImage(contentsOf: root + folder + "/" + name) }
      }
    }
  }
}
