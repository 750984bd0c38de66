import Tensors

/// Tells whether a scene has changed since a frame that was kept: its luminance at regular places (green of RGB, and of sensors behind filters, as
/// their balance makes it), compared tile by tile.
///
/// The difference of two frames is that of the tile that differs most: the mean over the tile's places of how far the luminance is from the kept one,
/// less a dead band of eight levels in which a sensor's noise stays, of 255. So a small thing that comes counts in its tile and isn't lost in the
/// whole picture's mean, and noise everywhere counts nowhere. One thread at a time; allocates nothing.
@safe public final class SceneSignature {
  /// Places on a side, at most; every second pixel of frames that have fewer.
  private static let mostPlaces = 640
  /// Places on a side of a tile.
  private static let tileSide = 16
  private static let deadBand: Int32 = 8

  private let kept: AlignedBytes
  private var shape: Shape?

  private struct Shape: Equatable {
    var format: PixelFormat
    var width: Int
    var height: Int
  }

  public init() { kept = AlignedBytes(count: Self.mostPlaces * Self.mostPlaces) }

  /// Forgets the kept frame: the next one differs from it in everything.
  public func clear() { shape = nil }

  /// How far a frame is from the kept one, 0…1; 1 where there is none, or one of another size or format. Nil where its luminance can't be read: MJPEG, or a
  /// view with a fault.
  public func difference(from view: ImageView) -> Float? {
    guard let reader = LuminanceReader(view) else { return nil }
    guard shape == Shape(format: view.format, width: view.width, height: view.height) else { return 1 }
    let (columns, rows) = (places(view.width), places(view.height))
    var most: Int32 = 0
    for top in stride(from: 0, to: rows.count, by: Self.tileSide) {
      for left in stride(from: 0, to: columns.count, by: Self.tileSide) {
        let (bottom, right) = (min(top + Self.tileSide, rows.count), min(left + Self.tileSide, columns.count))
        var sum: Int32 = 0
        for row in top..<bottom {
          let line = unsafe reader.line(row * rows.step)
          for column in left..<right {
            let now = unsafe Int32(reader.value(line, column * columns.step))
            let before = unsafe Int32(kept.bytes[row * columns.count + column])
            sum += max(abs(now - before) - Self.deadBand, 0)
          }
        }
        // In 1024ths of a level.
        most = max(most, sum * 1024 / Int32((bottom - top) * (right - left)))
      }
    }
    return Float(most) / (1024 * 255)
  }

  /// Keeps a frame to compare the next ones with.
  public func keep(_ view: ImageView) {
    guard let reader = LuminanceReader(view) else { return clear() }
    shape = Shape(format: view.format, width: view.width, height: view.height)
    let (columns, rows) = (places(view.width), places(view.height))
    for row in 0..<rows.count {
      let line = unsafe reader.line(row * rows.step)
      for column in 0..<columns.count { unsafe kept.bytes[row * columns.count + column] = reader.value(line, column * columns.step) }
    }
  }

  /// Even steps: under a sensor's filters all places have the same colour.
  private func places(_ side: Int) -> (count: Int, step: Int) {
    let step = (side + 2 * Self.mostPlaces - 1) / (2 * Self.mostPlaces) * 2
    return ((side + step - 1) / step, step)
  }
}

/// One byte of luminance, or of green, at a pixel.
@safe private struct LuminanceReader {
  private let base: UnsafePointer<UInt8>
  private let bytesPerLine: Int
  private let samples: SensorSamples?
  private let black: Int
  private let gain: Int
  private let step: Int
  private let offset: Int
  private let last: Int

  init?(_ view: ImageView) {
    guard view.fault == nil, view.format != .mjpeg else { return nil }
    unsafe base = view.planes.0.base
    bytesPerLine = view.planes.0.bytesPerLine
    var sensor: SensorSamples?
    switch view.format {
    case .yuyv: (step, offset) = (2, 0)
    case .uyvy: (step, offset) = (2, 1)
    case .rgb24, .bgr24: (step, offset) = (3, 1)
    case .sensor(let samples):
      // Where red or blue stand first in a row, green stands beside it.
      (step, offset) = (1, (samples.pattern == .rggb || samples.pattern == .bggr) && view.width > 1 ? 1 : 0)
      sensor = samples
    default: (step, offset) = (1, 0)
    }
    samples = sensor
    (black, gain, last) = (view.balance.blackLevel, view.balance.green, view.width - 1)
  }

  func line(_ y: Int) -> UnsafePointer<UInt8> { unsafe base + y * bytesPerLine }

  func value(_ line: UnsafePointer<UInt8>, _ x: Int) -> UInt8 {
    guard let samples else { return unsafe line[x * step + offset] }
    let x = min(x + offset, last)
    let sample: Int
    switch samples.packing {
    case .bytes: sample = unsafe Int(line[x])
    case .words: sample = unsafe (Int(line[2 * x]) | Int(line[2 * x + 1]) << 8) & (1 << samples.bits - 1)
    // The upper eight bits are bytes of their own, and the rest is less than noise.
    case .csi2: sample = unsafe Int(samples.bits == 10 ? line[x / 4 * 5 + x % 4] : line[x / 2 * 3 + x % 2]) << (samples.bits - 8)
    }
    return UInt8(min((max(sample - black, 0) * gain) >> samples.bits, 255))
  }
}
