import Tensors

/// Visits a dense tensor in the order of another layout.
struct PermutedWalk {
  /// Extents of the three innermost axes of the destination and the source's steps along them; `outer` repeats them.
  private let extents: (Int, Int, Int)
  private let steps: (Int, Int, Int)
  private let outerExtents: [Int]
  private let outerSteps: [Int]

  init(dimensions: [Int], permutation: [Int]) {
    let strides = dimensions.rowMajorStrides
    var extents = permutation.map { dimensions[$0] }
    var steps = permutation.map { strides[$0] }
    while extents.count < 3 {
      extents.insert(1, at: 0)
      steps.insert(0, at: 0)
    }
    let split = extents.count - 3
    self.extents = (extents[split], extents[split + 1], extents[split + 2])
    self.steps = (steps[split], steps[split + 1], steps[split + 2])
    outerExtents = Array(extents[..<split])
    outerSteps = Array(steps[..<split])
  }

  @inline(__always)
  func move<From, To>(_ source: UnsafeBufferPointer<From>, to destination: UnsafeMutableBufferPointer<To>, _ convert: (From) -> To) {
    forEachPlane { offset, written in
      var written = written
      for j in 0..<extents.1 {
        var from = offset + j * steps.1
        for _ in 0..<extents.2 {
          unsafe destination[written] = convert(source[from])
          written += 1
          from += steps.2
        }
      }
    }
  }

  /// As `move`, in vectors where neighbours of the source are neighbours, or a channel's pixels, of the destination.
  func quantise(_ source: UnsafeBufferPointer<Float>, to destination: UnsafeMutableBufferPointer<UInt8>, _ linear: LinearBytes) {
    guard let from = source.baseAddress, let to = destination.baseAddress else { return }
    if steps.2 == 1 {
      forEachPlane { offset, written in
        for j in 0..<extents.1 {
          unsafe linear.store(from + (offset + j * steps.1), count: extents.2, to: to + (written + j * extents.2), step: 1)
        }
      }
    } else if steps.1 == 1, extents.2 == 3 {
      forEachPlane { offset, written in
        unsafe linear.storeInterleaved(from + offset, planes: steps.2, count: extents.1, to: to + written)
      }
    } else if steps.1 == 1, extents.1 >= LinearBytes.lanes {
      forEachPlane { offset, written in
        for k in 0..<extents.2 {
          unsafe linear.store(from + (offset + k * steps.2), count: extents.1, to: to + (written + k), step: extents.2)
        }
      }
    } else {
      unsafe move(source, to: destination) { linear.stored($0) }
    }
  }

  /// With a plane's first element in the source, and in the destination.
  @inline(__always)
  private func forEachPlane(_ body: (_ offset: Int, _ written: Int) -> Void) {
    var written = 0
    for block in 0..<outerExtents.reduce(1, *) {
      var offset = 0
      var rest = block
      for axis in outerExtents.indices.reversed() {
        offset += rest % outerExtents[axis] * outerSteps[axis]
        rest /= outerExtents[axis]
      }
      for i in 0..<extents.0 {
        body(offset + i * steps.0, written)
        written += extents.1 * extents.2
      }
    }
  }
}

/// What an 8-bit type stores for real numbers: the nearest step, ties to even, within its bounds; NaN becomes the zero point.
struct LinearBytes {
  let scale: Float
  let zeroPoint: Int32
  /// Bounds with the zero point taken off.
  let lower: Float
  let upper: Float

  static let lanes = 8

  /// 1.5 × 2²³: added, it leaves magnitudes below 2²² no fraction bits, and the addition rounds to the nearest, ties to even.
  private static let rounding: Float = 12_582_912

  func stored(_ value: Float) -> UInt8 {
    let scaled = value / scale
    let bounded = scaled == scaled ? min(max(scaled, lower), upper) : 0
    let steps = Int32(bitPattern: (bounded + Self.rounding).bitPattern) &- Int32(bitPattern: Self.rounding.bitPattern)
    return UInt8(truncatingIfNeeded: steps &+ zeroPoint)
  }

  /// Stores `count` neighbours, `step` bytes from one to the next.
  func store(_ from: UnsafePointer<Float>, count: Int, to destination: UnsafeMutablePointer<UInt8>, step: Int) {
    var done = 0
    while done + Self.lanes <= count {
      let bytes = unsafe stored(eightFrom: from + done)
      var to = unsafe destination + done * step
      for lane in 0..<Self.lanes {
        unsafe to.pointee = UInt8(truncatingIfNeeded: bytes[lane])
        unsafe to += step
      }
      done += Self.lanes
    }
    while done < count {
      unsafe destination[done * step] = stored(from[done])
      done += 1
    }
  }

  /// Stores `count` pixels of three channels that lie `planes` elements apart.
  func storeInterleaved(_ from: UnsafePointer<Float>, planes: Int, count: Int, to destination: UnsafeMutablePointer<UInt8>) {
    var done = 0
    // Pixels are stored as four bytes, the last of which the next pixel overwrites: there has to be one.
    while done + Self.lanes < count {
      let first = unsafe stored(eightFrom: from + done)
      let second = unsafe stored(eightFrom: from + (planes + done))
      let third = unsafe stored(eightFrom: from + (2 * planes + done))
      let pixels = first & 0xFF | (second & 0xFF) &<< 8 | (third & 0xFF) &<< 16
      let to = unsafe UnsafeMutableRawPointer(destination + 3 * done)
      for lane in 0..<Self.lanes {
        unsafe to.storeBytes(of: pixels[lane].littleEndian, toByteOffset: 3 * lane, as: UInt32.self)
      }
      done += Self.lanes
    }
    while done < count {
      for channel in 0..<3 { unsafe destination[3 * done + channel] = stored(from[channel * planes + done]) }
      done += 1
    }
  }

  /// Of eight neighbours, in the low byte of each lane.
  @inline(__always)
  private func stored(eightFrom from: UnsafePointer<Float>) -> SIMD8<UInt32> {
    let scaled = unsafe UnsafeRawPointer(from).loadUnaligned(as: SIMD8<Float>.self) / scale
    var bounded = scaled.replacing(with: 0, where: scaled .!= scaled)
    bounded.replace(with: lower, where: bounded .< lower)
    bounded.replace(with: upper, where: bounded .> upper)
    let steps = unsafe unsafeBitCast(bounded + Self.rounding, to: SIMD8<UInt32>.self)
    return steps &+ UInt32(bitPattern: zeroPoint &- Int32(bitPattern: Self.rounding.bitPattern))
  }
}
