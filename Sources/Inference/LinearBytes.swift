import CKernels
import Tensors

/// What an 8-bit type stores for floats: the same values as `Quantisation.quantised`.
struct LinearBytes {
  private let linear: swl_linear_bytes

  init(_ quantisation: Quantisation, in range: ClosedRange<Int32>) {
    linear = swl_linear_bytes(scale: quantisation.scale, zero_point: quantisation.zeroPoint, lower: range.lowerBound, upper: range.upperBound)
  }

  func stored(_ value: Float) -> UInt8 { unsafe withUnsafePointer(to: linear) { unsafe swl_linear_byte($0, value) } }

  /// Stores `count` neighbours.
  func store(_ from: UnsafePointer<Float>, count: Int, to destination: UnsafeMutablePointer<UInt8>) {
    unsafe withUnsafePointer(to: linear) { unsafe swl_store_linear_bytes($0, from, Int64(count), destination) }
  }

  /// Stores `count` neighbours, `step` bytes from one to the next.
  func store(_ from: UnsafePointer<Float>, count: Int, to destination: UnsafeMutablePointer<UInt8>, step: Int) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.run) { bytes in
      guard let start = bytes.baseAddress else { return }
      var done = 0
      while done < count {
        let length = min(Self.run, count - done)
        unsafe store(from + done, count: length, to: start)
        for index in 0..<length { unsafe destination[(done + index) * step] = start[index] }
        done += length
      }
    }
  }

  /// Stores `count` pixels of three channels that lie `planes` elements apart.
  func storeInterleaved(_ from: UnsafePointer<Float>, planes: Int, count: Int, to destination: UnsafeMutablePointer<UInt8>) {
    unsafe withUnsafePointer(to: linear) { unsafe swl_store_linear_pixels($0, from, Int64(planes), Int64(count), destination) }
  }

  /// What is stored at a time before it is spread: on the stack.
  private static let run = 256
}
