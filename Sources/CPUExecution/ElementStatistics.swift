import CKernels

/// Sums over tensors' elements that calibration asks for, at the speed of kernels.
public enum ElementStatistics {
  /// Adds the products of all pairs of elements to a square matrix.
  /// - Precondition: `square` has `vector.count²` elements.
  public static func addOuterProduct(of vector: ArraySlice<Float>, to square: inout [Float]) {
    precondition(square.count == vector.count * vector.count)
    unsafe vector.withUnsafeBufferPointer { vector in
      unsafe square.withUnsafeMutableBufferPointer { square in
        unsafe swl_add_outer_product(vector.baseAddress, Int64(vector.count), square.baseAddress)
      }
    }
  }

  /// Widens a range by the finite elements, and adds their squares to a sum.
  public static func add(_ elements: ArraySlice<Float>, lower: inout Float, upper: inout Float, squares: inout Double) {
    unsafe elements.withUnsafeBufferPointer { elements in
      unsafe swl_add_range(elements.baseAddress, Int64(elements.count), &lower, &upper, &squares)
    }
  }

  /// Adds the finite elements to bins of equal width between two bounds; what lies outside goes to the outermost ones.
  public static func count(_ elements: [Float], in range: ClosedRange<Float>, bins: inout [Double]) {
    guard !bins.isEmpty else { return }
    let width = range.upperBound - range.lowerBound
    let factor = width > 0 ? Float(bins.count) / width : 0
    unsafe elements.withUnsafeBufferPointer { elements in
      unsafe bins.withUnsafeMutableBufferPointer { bins in
        unsafe swl_count_bins(elements.baseAddress, Int64(elements.count), range.lowerBound, factor, bins.baseAddress, Int64(bins.count))
      }
    }
  }

  /// Adds the elements to as many sums from a place on, where all of them are finite.
  /// - Returns: whether they were added.
  public static func add(_ elements: [Float], to sums: inout [Double], at place: Int) -> Bool {
    precondition(place >= 0 && place + elements.count <= sums.count)
    return unsafe sums.withUnsafeMutableBufferPointer { sums in
      guard let first = sums.baseAddress else { return true }
      return unsafe swl_add_finite(elements, Int64(elements.count), first + place)
    }
  }

  /// Takes the elements at some positions of each channel's plane to the taps of its part of `patch`; the other taps become zero.
  /// - Parameter first: where the first channel's plane begins.
  /// - Precondition: positions lie in a plane, taps below `tapCount`, and the channels in `elements` and `patch`.
  public static func gather(
    _ elements: [Float], first: Int, channels: Int, plane: Int, positions: [Int32], taps: [Int32], tapCount: Int, into patch: inout [Float]
  ) {
    precondition(first >= 0 && first + channels * plane <= elements.count && channels * tapCount <= patch.count && positions.count == taps.count)
    unsafe elements.withUnsafeBufferPointer { elements in
      unsafe patch.withUnsafeMutableBufferPointer { patch in
        guard let from = elements.baseAddress else { return }
        unsafe swl_gather_taps(
          from + first, Int64(channels), Int64(plane), positions, taps, Int64(positions.count), Int64(tapCount), patch.baseAddress)
      }
    }
  }
}

/// A histogram: values, and how many elements are near each.
public struct Histogram: Sendable {
  public let values: [Float]
  public let counts: [Double]

  public init(values: [Float], counts: [Double]) {
    precondition(values.count == counts.count)
    self.values = values
    self.counts = counts
  }

  /// The sum of squared differences between the elements and their uint8 form.
  public func error(scale: Float, zeroPoint: Int32) -> Double { unsafe swl_level_error(values, counts, Int64(values.count), scale, zeroPoint) }

  /// How much is lost, in nats, when the elements between the bounds, with those outside at its ends, are told by 256 levels that are even
  /// within (Kullback-Leibler divergence); infinite where none lies within.
  public func divergence(in range: ClosedRange<Float>, scale: Float, zeroPoint: Int32) -> Double {
    unsafe swl_level_divergence(values, counts, Int64(values.count), range.lowerBound, range.upperBound, scale, zeroPoint)
  }
}
