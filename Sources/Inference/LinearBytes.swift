import Tensors

/// What an 8-bit type stores for floats, eight at a time: the same values as `Quantisation.quantised`.
struct LinearBytes {
  private let quantisation: Quantisation
  private let range: ClosedRange<Int32>

  init(_ quantisation: Quantisation, in range: ClosedRange<Int32>) {
    self.quantisation = quantisation
    self.range = range
  }

  static let lanes = 8

  func stored(_ value: Float) -> UInt8 { UInt8(truncatingIfNeeded: quantisation.quantised(value, in: range)) }

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
    while done + Self.lanes <= count {
      let first = unsafe stored(eightFrom: from + done)
      let second = unsafe stored(eightFrom: from + (planes + done))
      let third = unsafe stored(eightFrom: from + (2 * planes + done))
      let pixels = first & 0xFF | (second & 0xFF) &<< 8 | (third & 0xFF) &<< 16
      let to = unsafe UnsafeMutableRawPointer(destination + 3 * done)
      let last = Self.lanes - 1
      // As four bytes, the last of which the next pixel overwrites; behind the last pixel something else may lie.
      for lane in 0..<last {
        unsafe to.storeBytes(of: pixels[lane].littleEndian, toByteOffset: 3 * lane, as: UInt32.self)
      }
      unsafe to.storeBytes(of: UInt16(truncatingIfNeeded: pixels[last]).littleEndian, toByteOffset: 3 * last, as: UInt16.self)
      unsafe to.storeBytes(of: UInt8(truncatingIfNeeded: third[last]), toByteOffset: 3 * last + 2, as: UInt8.self)
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
    let scaled = unsafe UnsafeRawPointer(from).loadUnaligned(as: SIMD8<Float>.self) / quantisation.scale
    let lower = Float(range.lowerBound - quantisation.zeroPoint)
    let upper = Float(range.upperBound - quantisation.zeroPoint)
    var bounded = scaled.replacing(with: 0, where: scaled .!= scaled)
    bounded.replace(with: lower, where: bounded .< lower)
    bounded.replace(with: upper, where: bounded .> upper)
    // 1.5 × 2²³: added, it leaves magnitudes below 2²² no fraction bits, and the addition rounds to the nearest, ties to even.
    let rounding: Float = 12_582_912
    let steps = unsafe unsafeBitCast(bounded + rounding, to: SIMD8<UInt32>.self)
    return steps &+ UInt32(bitPattern: quantisation.zeroPoint &- Int32(bitPattern: rounding.bitPattern))
  }
}
