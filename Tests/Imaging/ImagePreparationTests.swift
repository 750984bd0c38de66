import CAllocationCounter
import CImaging
import Tensors
import SharedData
import Testing

@testable import Imaging

/// Random frames: every byte pattern is a possible frame.
func randomFrame(_ format: PixelFormat, _ encoding: ColourEncoding, width: Int, height: Int, extraBytesPerLine: Int = 0, seed: UInt64 = 1) -> PreparationOracle
{
  var generator = SeededGenerator(seed: seed)
  let bytesPerLine = format.bytesPerRow(plane: 0, width: width)! + extraBytesPerLine
  let rows = format == .nv12 || format == .nv21 || format == .i420 ? height + (height + 1) / 2 : height
  let bytes = (0..<(bytesPerLine * rows + (format == .i420 ? bytesPerLine : 0))).map { _ in UInt8.random(in: 0...255, using: &generator) }
  return PreparationOracle(format: format, encoding: encoding, width: width, height: height, bytesPerLine: bytesPerLine, bytes: bytes)
}

extension ImagePreparation {
  /// Prepares a frame that lies in an array.
  func prepare<Element: BitwiseCopyable>(
    _ bytes: [UInt8], _ format: PixelFormat, _ encoding: ColourEncoding = .bt601Limited, balance: SensorBalance = .none, width: Int, height: Int,
    bytesPerLine: Int, into tensor: inout [Element]
  ) -> PreparationOutcome {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe tensor.withUnsafeMutableBytes {
        let view = unsafe ImageView(
          format: format, encoding: encoding, balance: balance, width: width, height: height, bytesPerLine: bytesPerLine, bytes: bytes)
        return unsafe prepare(view, into: $0)
      }
    }
  }
}

/// Pixels that an image of the format has at least on each side.
func leastSide(_ format: PixelFormat) -> Int {
  guard case .sensor(let samples) = format else { return 1 }
  return samples.pattern == .none ? 1 : 2
}

/// Prepares a frame as float32 and returns the tensor and its mapping.
func prepare(_ frame: PreparationOracle, _ settings: ImagePreparation.Settings) throws -> ([Float], FrameMapping) {
  let channels = settings.colour == .grey ? 1 : 3
  let preparation = try ImagePreparation(settings: settings, target: .init(elementType: .float32, dimensions: [1, settings.height, settings.width, channels]))
  var tensor = [Float](repeating: -1000, count: settings.width * settings.height * channels)
  let outcome = preparation.prepare(
    frame.bytes, frame.format, frame.encoding, balance: frame.balance, width: frame.width, height: frame.height, bytesPerLine: frame.bytesPerLine,
    into: &tensor)
  #expect(outcome == .prepared)
  return (tensor, preparation.mapping)
}

@Suite struct ImagePreparationTests {
  static let formats = PixelFormat.allCases.filter { $0 != .mjpeg }
  static let encodings: [ColourEncoding] = [.bt601Limited, .bt601Full, .bt709Limited, .bt709Full]

  @Test(arguments: formats, encodings)
  func `every format and encoding agrees with plain arithmetic at full size`(format: PixelFormat, encoding: ColourEncoding) throws {
    for (width, height) in [(16, 6), (1, 1), (34, 5), (7, 7)] where width >= leastSide(format) {
      let extra = format == .i420 ? 2 - format.bytesPerRow(plane: 0, width: width)! % 2 : 3
      let frame = randomFrame(format, encoding, width: width, height: height, extraBytesPerLine: extra)
      let (tensor, _) = try prepare(frame, .init(width: width, height: height, fit: .stretch))
      var worst = 0.0
      for y in 0..<height {
        for x in 0..<width {
          for (channel, expected) in frame.colour(x, y).enumerated() {
            worst = max(worst, abs(Double(tensor[3 * (y * width + x) + channel]) - expected))
          }
        }
      }
      #expect(worst <= 1, "\(width)×\(height)")
    }
  }

  @Test(arguments: formats, [(25, 19), (40, 60), (9, 4)])
  func `resizing agrees with textbook bilinear interpolation`(format: PixelFormat, size: (Int, Int)) throws {
    let frame = randomFrame(format, .bt601Limited, width: 32, height: 18)
    let (tensor, _) = try prepare(frame, .init(width: size.0, height: size.1, colour: .bgr, fit: .stretch))
    var worst = 0.0
    for y in 0..<size.1 {
      for x in 0..<size.0 {
        for channel in 0..<3 {
          let expected = frame.resized(x, y, toWidth: size.0, toHeight: size.1) { frame.colour($0, $1)[2 - channel] }
          worst = max(worst, abs(Double(tensor[3 * (y * size.0 + x) + channel]) - expected))
        }
      }
    }
    #expect(worst <= 1.5)
  }

  @Test(arguments: formats)
  func `grey inputs get luminance`(format: PixelFormat) throws {
    let frame = randomFrame(format, .bt601Limited, width: 32, height: 18)
    let (tensor, _) = try prepare(frame, .init(width: 20, height: 11, colour: .grey, fit: .stretch, mean: [0], deviation: [1]))
    var worst = 0.0
    for y in 0..<11 {
      for x in 0..<20 {
        worst = max(worst, abs(Double(tensor[y * 20 + x]) - frame.resized(x, y, toWidth: 20, toHeight: 11, frame.grey)))
      }
    }
    #expect(worst <= 1.5)
  }

  @Test func `before a frame there is no content, and what is reserved hasn't any`() throws {
    let preparation = try ImagePreparation(
      settings: ImagePreparation.Settings(width: 8, height: 8), target: .init(elementType: .float32, quantisation: nil, dimensions: [1, 8, 8, 3]))
    #expect(unsafe preparation.pass.content_height == 0)
    preparation.reserve(sourceWidth: 64)
    #expect(unsafe preparation.pass.content_height == 0 && preparation.pass.x_first == nil)
  }

  @Test func `normalisation is per channel, and quantisation rounds and saturates`() throws {
    let frame = randomFrame(.rgb24, .bt601Full, width: 8, height: 8)
    let settings = ImagePreparation.Settings(width: 8, height: 8, fit: .stretch, mean: [10, 20, 30], deviation: [2, 50, 0.1])
    for type in [ElementType.uint8, .int8] {
      let quantisation = Quantisation(scale: 0.75, zeroPoint: type == .int8 ? -3 : 90)
      let preparation = try ImagePreparation(settings: settings, target: .init(elementType: type, quantisation: quantisation, dimensions: [1, 8, 8, 3]))
      var tensor = [UInt8](repeating: 77, count: 192)
      _ = preparation.prepare(frame.bytes, .rgb24, width: 8, height: 8, bytesPerLine: 24, into: &tensor)
      for index in 0..<192 {
        let value = (Float(frame.bytes[index]) - settings.mean[index % 3]) / settings.deviation[index % 3]
        let quantised = type == .int8 ? Int32(Int8(bitPattern: tensor[index])) : Int32(tensor[index])
        #expect(quantised == quantisation.quantised(value, in: type.eightBitRange!))
      }
    }
  }

  @Test(arguments: [
    (640, 480, ImagePreparation.Settings.Anchor.topLeft, 0, 0, 416, 312), (640, 480, .centre, 0, 52, 416, 312), (480, 640, .centre, 52, 0, 312, 416),
    (375, 500, .topLeft, 0, 0, 312, 416), (10_000, 1, .centre, 0, 207, 416, 1), (416, 416, .centre, 0, 0, 416, 416),
  ])
  func `a letterbox keeps the aspect ratio, rounded down`(
    width: Int, height: Int, anchor: ImagePreparation.Settings.Anchor, x: Int, y: Int, contentWidth: Int, contentHeight: Int
  ) throws {
    let frame = randomFrame(.grey, .bt601Full, width: width, height: height)
    let (tensor, mapping) = try prepare(
      frame, .init(width: 416, height: 416, colour: .grey, anchor: anchor, padding: 300.5, mean: [0], deviation: [1]))
    for row in 0..<416 {
      for column in 0..<416 {
        let isInside = column >= x && column < x + contentWidth && row >= y && row < y + contentHeight
        if (tensor[row * 416 + column] == 300.5) == isInside {
          Issue.record("padding or content in the wrong place: \(column), \(row)")
          return
        }
      }
    }
    #expect(abs(mapping.frameX(Float(x))) < 1e-3 && abs(mapping.frameX(Float(x + contentWidth)) - Float(width)) < 1e-2)
    #expect(abs(mapping.frameY(Float(y))) < 1e-3 && abs(mapping.frameY(Float(y + contentHeight)) - Float(height)) < 1e-2)
  }

  @Test(arguments: [ImagePreparation.Settings.Fit.letterbox, .stretch, .crop])
  func `points map to the frame and back`(fit: ImagePreparation.Settings.Fit) throws {
    let (_, mapping) = try prepare(randomFrame(.grey, .bt601Full, width: 123, height: 77), .init(width: 60, height: 50, fit: fit))
    for point: Float in [0, 3.5, 44, 70] {
      #expect(abs(mapping.inputX(mapping.frameX(point)) - point) < 1e-3)
      #expect(abs(mapping.frameY(mapping.inputY(point)) - point) < 1e-3)
    }
    #expect(mapping.frameWidth == 123 && mapping.frameHeight == 77)
  }

  @Test func `a crop keeps the centre and fills both sides`() throws {
    let frame = randomFrame(.rgb24, .bt601Full, width: 40, height: 20)
    let (tensor, mapping) = try prepare(frame, .init(width: 20, height: 20, fit: .crop))
    for y in 0..<20 {
      for x in 0..<20 { #expect((0..<3).map { Double(tensor[3 * (20 * y + x) + $0]) } == frame.colour(x + 10, y)) }
    }
    #expect(mapping.frameX(0) == 10 && mapping.frameX(20) == 30)
  }

  @Test func `a change of frame size makes new tables`() throws {
    let preparation = try ImagePreparation(
      settings: .init(width: 16, height: 16, fit: .stretch), target: .init(elementType: .float32, dimensions: [1, 16, 16, 3]))
    for (width, height) in [(8, 8), (64, 3), (8, 8), (300, 200)] {
      let frame = randomFrame(.rgb24, .bt601Full, width: width, height: height)
      let (expected, _) = try prepare(frame, .init(width: 16, height: 16, fit: .stretch))
      var tensor = [Float](repeating: 0, count: 768)
      let outcome = preparation.prepare(frame.bytes, .rgb24, width: width, height: height, bytesPerLine: 3 * width, into: &tensor)
      #expect(outcome == .prepared && tensor == expected)
      #expect(preparation.mapping.frameWidth == width)
    }
  }

  @Test(arguments: formats)
  func `a short frame is refused and the tensor left alone`(format: PixelFormat) throws {
    let frame = randomFrame(format, .bt601Limited, width: 16, height: 8)
    let needed = format.byteCount(width: 16, height: 8)!
    let preparation = try ImagePreparation(
      settings: .init(width: 8, height: 8), target: .init(elementType: .float32, dimensions: [1, 8, 8, 3]))
    for count in 0...needed {
      var tensor = [Float](repeating: 5, count: 192)
      let outcome = preparation.prepare(Array(frame.bytes.prefix(count)), format, width: 16, height: 8, bytesPerLine: frame.bytesPerLine, into: &tensor)
      if count == needed {
        #expect(outcome == .prepared)
      } else {
        guard case .shortFrame(let needed, let got) = outcome else {
          Issue.record("\(count) bytes: \(outcome)")
          return
        }
        #expect(got < needed && tensor == [Float](repeating: 5, count: 192))
      }
    }
  }

  @Test(arguments: [(0, 8, 64), (8, -1, 64), (40_000, 8, 160_000), (16, 8, 10), (16, 8, -64), (16, 8, Int.max), (16_384, 16_384, 65_536)])
  func `impossible sizes and strides are refused`(width: Int, height: Int, bytesPerLine: Int) throws {
    let preparation = try ImagePreparation(
      settings: .init(width: 8, height: 8), target: .init(elementType: .float32, dimensions: [1, 8, 8, 3]))
    var tensor = [Float](repeating: 5, count: 192)
    let bytes = [UInt8](repeating: 0, count: 4096)
    let outcome = preparation.prepare(bytes, .yuyv, width: width, height: height, bytesPerLine: bytesPerLine, into: &tensor)
    #expect(outcome == .impossibleGeometry)
  }

  @Test(.enabled(if: allocation_counter_works()), arguments: formats) func `preparing a frame allocates nothing`(format: PixelFormat) throws {
    let frame = randomFrame(format, .bt601Limited, width: 32, height: 18)
    let preparation = try ImagePreparation(settings: .init(width: 16, height: 16), target: .init(elementType: .float32, dimensions: [1, 16, 16, 3]))
    var tensor = [Float](repeating: 0, count: 768)
    func run() { _ = preparation.prepare(frame.bytes, format, width: 32, height: 18, bytesPerLine: frame.bytesPerLine, into: &tensor) }
    run()
    let before = allocation_count()
    for _ in 0..<5 { run() }
    #expect(allocation_count() - before == 0)
  }

  @Test(.enabled(if: swl_best_preparation_variant() != SWL_PREPARATION_BASELINE), arguments: formats, [ImagePreparation.Settings.Colour.bgr, .grey])
  func `every instruction set gives the same bits`(format: PixelFormat, colour: ImagePreparation.Settings.Colour) throws {
    let channels = colour == .grey ? 1 : 3
    for (width, height) in [(1, 1), (3, 2), (98, 61), (131, 40)] where width >= leastSide(format) {
      let frame = randomFrame(format, .bt709Limited, width: width, height: height, extraBytesPerLine: format == .i420 ? width % 2 : 5)
      let settings = ImagePreparation.Settings(
        width: 67, height: 45, colour: colour, mean: [Float](repeating: 3, count: channels), deviation: [Float](repeating: 7, count: channels))
      for type in [ElementType.float32, .int8] {
        let quantisation = type == .int8 ? Quantisation(scale: 0.2, zeroPoint: 4) : nil
        let results = try [SWL_PREPARATION_BASELINE, swl_best_preparation_variant()].map { variant in
          let preparation = try ImagePreparation(
            settings: settings, target: .init(elementType: type, quantisation: quantisation, dimensions: [1, 45, 67, channels]))
          preparation.variant = variant
          var tensor = [UInt8](repeating: 1, count: preparation.tensorByteCount)
          let outcome = preparation.prepare(
            frame.bytes, format, .bt709Limited, width: width, height: height, bytesPerLine: frame.bytesPerLine, into: &tensor)
          #expect(outcome == .prepared)
          return tensor
        }
        #expect(results[0] == results[1])
      }
    }
  }

  @Test func `settings that don't fit the tensor are refused in words`() {
    func message(_ settings: ImagePreparation.Settings, _ target: ImagePreparation.Target) -> String {
      do throws(ImagingError) { _ = try ImagePreparation(settings: settings, target: target) } catch { return error.message }
      return ""
    }
    let image = ImagePreparation.Settings(width: 8, height: 4)
    #expect(message(image, .init(elementType: .float32, dimensions: [1, 3, 4, 8])).contains("needs [1, 4, 8, 3]"))
    #expect(message(image, .init(elementType: .int8, dimensions: [1, 4, 8, 3])).contains("quantisation"))
    #expect(message(image, .init(elementType: .int64, dimensions: [1, 4, 8, 3])).contains("int64"))
    #expect(message(.init(width: 8, height: 4, mean: [0]), .init(elementType: .float32, dimensions: [1, 4, 8, 3])).contains("3 value"))
    #expect(message(.init(width: 8, height: 4, deviation: [1, 0, 1]), .init(elementType: .float32, dimensions: [1, 4, 8, 3])).contains("not 0"))
    #expect(message(.init(width: 0, height: 4), .init(elementType: .float32, dimensions: [1, 4, 0, 3])).contains("impossible"))
  }
}
