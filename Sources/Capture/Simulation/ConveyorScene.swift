import Pipelines

/// A procedural inspection line: brushed metal flanges pass under a camera, some with a scratch, a dent, a stain or a hole that
/// was not drilled. The same options give the same frames and the same truth, in any order of asking.
///
/// Not for several threads at once: it keeps the parts that it has drawn.
@safe public final class ConveyorScene {
  /// The defects' labels, in class order.
  public static let labels = ConveyorDefect.Kind.allCases.map(\.label)

  public let options: ConveyorOptions
  /// Bytes of one frame: RGB, no padding.
  public var frameByteCount: Int { options.width * options.height * 3 }

  private let scale: Float
  private let spacing: Float
  private let backdrop: ConveyorBackdrop
  private let brushed: [Int8]
  /// The drawn parts; part `n` lives in slot `n % sprites.count`.
  private let sprites: [ConveyorSprite]

  public init(options: ConveyorOptions = ConveyorOptions()) throws(CaptureError) {
    try options.validate()
    self.options = options
    scale = Float(options.height) / 480
    spacing = 305 * scale
    backdrop = ConveyorBackdrop(options: options)
    brushed = ConveyorTexture.brushedMetal(seed: options.seed)
    let scale = scale
    sprites = (0..<Int((Float(options.width) + 340 * scale) / spacing) + 3).map { _ in ConveyorSprite(scale: scale) }
  }

  /// How far the belt has moved at `frame`, in whole pixels.
  private func travel(at frame: Int) -> Int {
    Int(Double(frame) * options.beltSpeed * Double(scale) / options.frameRate)
  }

  /// Numbers of the parts that may be seen at `frame`. Part 0 stands near the right edge at frame 0.
  private func visibleParts(at frame: Int) -> ClosedRange<Int> {
    let travel = Float(travel(at: frame))
    let reach = 170 * scale
    let first = ((travel - reach) / spacing).rounded(.down)
    let last = ((travel + Float(options.width) + reach) / spacing).rounded(.up)
    return max(0, Int(first))...max(0, Int(last))
  }

  /// The pixel at which the part's centre stands at `frame`.
  private func centre(of part: ConveyorPart, at frame: Int) -> (x: Int, y: Int) {
    let x = travel(at: frame) + options.width - Int(spacing * Float(part.number) + (90 - part.offsetX) * scale)
    return (x, options.height / 2 + Int(part.offsetY * scale))
  }

  private func part(_ number: Int) -> ConveyorPart {
    ConveyorPart(number: number, seed: options.seed, defectRate: options.defectRate)
  }

  /// Draws frame `frame` (0 or more) as RGB24.
  ///
  /// - Parameter pixels: at least `frameByteCount` bytes; the first ones are written.
  public func render(frame: Int, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    precondition(frame >= 0 && pixels.count >= frameByteCount)
    unsafe drawBackdrop(frame: frame, into: pixels)
    for number in visibleParts(at: frame) {
      let part = part(number)
      let sprite = sprites[number % sprites.count]
      if sprite.number != number { sprite.draw(part, scale: scale, brushed: brushed) }
      let (x, y) = centre(of: part, at: frame)
      unsafe blend(sprite, left: x - sprite.width / 2, top: y - sprite.height / 2, into: pixels)
    }
    unsafe expose(frame: frame, pixels)
  }

  /// What is to be seen at `frame`: each part and each defect of which at least one pixel is in the frame, with its visibility.
  public func groundTruth(frame: Int) -> [GroundTruthBox] {
    var truth: [GroundTruthBox] = []
    let (right, bottom) = (ConveyorPart.halfWidth, ConveyorPart.halfHeight)
    for number in visibleParts(at: frame) {
      let part = part(number)
      let centre = centre(of: part, at: frame)
      let corners: [(u: Float, v: Float)] = [(-right, -bottom), (right, -bottom), (-right, bottom), (right, bottom)]
      append(label: "part", classIndex: nil, part, part.bounds(of: corners, margin: -2), centre, to: &truth)
      for defect in part.defects {
        let bounds = part.bounds(of: defect.points, margin: defect.kind == .scratch ? defect.radius + 1.5 : 0.5)
        append(label: defect.kind.label, classIndex: defect.kind.rawValue, part, bounds, centre, to: &truth)
      }
    }
    return truth
  }

  private func append(
    label: String, classIndex: Int?, _ part: ConveyorPart, _ bounds: (left: Float, top: Float, right: Float, bottom: Float),
    _ centre: (x: Int, y: Int), to truth: inout [GroundTruthBox]
  ) {
    let left = Float(centre.x) + bounds.left * scale
    let top = Float(centre.y) + bounds.top * scale
    let right = Float(centre.x) + bounds.right * scale
    let bottom = Float(centre.y) + bounds.bottom * scale
    let (x0, y0) = (max(left, 0), max(top, 0))
    let (x1, y1) = (min(right, Float(options.width)), min(bottom, Float(options.height)))
    guard x1 - x0 >= 1, y1 - y0 >= 1 else { return }
    let visibility = (x1 - x0) * (y1 - y0) / ((right - left) * (bottom - top))
    truth.append(
      GroundTruthBox(label: label, classIndex: classIndex, part: part.number, x: x0, y: y0, width: x1 - x0, height: y1 - y0, visibility: visibility))
  }
}

/// Composition, byte by byte.
extension ConveyorScene {
  private func drawBackdrop(frame: Int, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    let period = backdrop.period
    let rowBytes = options.width * 3
    // The belt moves to the right: the frame's left edge shows ever earlier columns of the pattern.
    let start = (period - travel(at: frame) % period) % period
    let firstBytes = min(period - start, options.width) * 3
    let lastRail = options.height - backdrop.railHeight
    unsafe backdrop.belt.withUnsafeBufferPointer { belt in
      unsafe backdrop.rails.withUnsafeBufferPointer { rails in
        for y in 0..<options.height {
          let target = unsafe pixels.baseAddress! + y * rowBytes
          if y < backdrop.railHeight || y >= lastRail {
            let row = y < backdrop.railHeight ? y : y - lastRail + backdrop.railHeight
            unsafe target.update(from: rails.baseAddress! + row * rowBytes, count: rowBytes)
          } else {
            let source = unsafe belt.baseAddress! + y * period * 3
            unsafe target.update(from: source + start * 3, count: firstBytes)
            unsafe (target + firstBytes).update(from: source, count: rowBytes - firstBytes)
          }
        }
      }
    }
  }

  private func blend(_ sprite: ConveyorSprite, left: Int, top: Int, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    let firstColumn = max(0, -left)
    let lastColumn = min(sprite.width, options.width - left)
    let firstRow = max(0, backdrop.railHeight - top)
    let lastRow = min(sprite.height, options.height - backdrop.railHeight - top)
    guard firstColumn < lastColumn, firstRow < lastRow else { return }
    unsafe sprite.colour.withUnsafeBufferPointer { colour in
      unsafe sprite.cover.withUnsafeBufferPointer { cover in
        unsafe sprite.light.withUnsafeBufferPointer { light in
          for row in firstRow..<lastRow {
            let target = unsafe pixels.baseAddress! + ((top + row) * options.width + left) * 3
            let source = row * sprite.width
            for column in firstColumn..<lastColumn {
              let alpha = unsafe UInt32(cover[source + column])
              let rest = unsafe (255 - alpha) * UInt32(light[source + column])
              for channel in column * 3..<column * 3 + 3 {
                let mixed = unsafe UInt32(target[channel]) * rest + UInt32(colour[source * 3 + channel]) * alpha * 255
                unsafe target[channel] = UInt8(truncatingIfNeeded: mixed / 65_025)
              }
            }
          }
        }
      }
    }
  }

  /// The lamp's light, its slow flicker, and the sensor's noise.
  private func expose(frame: Int, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
    var random = SeededRandom(seed: options.seed ^ 0x5EED, index: frame)
    let phase = frame % 240
    let flicker = Int16(abs(phase - 120) / 12 - 5)
    let rowBytes = options.width * 3
    unsafe backdrop.gain.withUnsafeBufferPointer { gain in
      unsafe backdrop.noise.withUnsafeBufferPointer { noise in
        for y in 0..<options.height {
          let target = unsafe pixels.baseAddress! + y * rowBytes
          let rowGain = unsafe gain.baseAddress! + y * rowBytes
          let rowNoise = unsafe noise.baseAddress! + random.below(ConveyorBackdrop.noiseCount)
          for index in 0..<rowBytes {
            let lit = unsafe (UInt16(target[index]) &* UInt16(rowGain[index])) >> 7
            let value = unsafe Int16(truncatingIfNeeded: lit) &+ Int16(rowNoise[index]) &+ flicker
            unsafe target[index] = UInt8(truncatingIfNeeded: min(max(value, 0), 255))
          }
        }
      }
    }
  }
}
