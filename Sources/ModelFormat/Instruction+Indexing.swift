/// Reads rows of the input at places that other data names: `y[b, i, :] = x[b, p, :]`, where x is `[batch, extents…, inner]`, y is
/// `[batch, count, inner]` and `p` are the coordinates `indices[b, i, :]` along the extents (int32 or int64, `[batch, count, extents.count]`;
/// without the batch axis where all batches share them). A negative coordinate counts from the end.
///
/// ONNX's Gather has one extent and shared indices; GatherND has several; GatherElements is a gather with its axis moved last, an inner of 1
/// and every other axis in the batch.
///
/// Indices exist at run time only. One outside its extent is a fault: the nearest element is read in its place, nothing is read outside the
/// tensor, and the session counts it (`Session.faultCount`).
public struct Gather: Equatable, Sendable {
  public var input: TensorIndex
  public var indices: TensorIndex
  public var output: TensorIndex
  public var batch: Int32
  /// The axes that coordinates count along: one to eight.
  public var extents: [Int32]
  public var count: Int32
  public var inner: Int32
  public var sharesIndices: Bool

  public init(
    input: TensorIndex, indices: TensorIndex, output: TensorIndex, batch: Int32, extents: [Int32], count: Int32, inner: Int32, sharesIndices: Bool
  ) {
    self.input = input
    self.indices = indices
    self.output = output
    self.batch = batch
    self.extents = extents
    self.count = count
    self.inner = inner
    self.sharesIndices = sharesIndices
  }
}

/// Copies the input, then changes rows at places that other data names, in the order of the updates: `y = x`, and for each `i`
/// `y[b, p, :] = y[b, p, :] ∘ updates[b, i, :]`, shapes and coordinates as in `Gather` (indices never shared), updates
/// `[batch, count, inner]`. `∘` takes the update where the reduction is `none`; whole numbers wrap around.
///
/// An update whose coordinates lie outside is a fault: it is left out and counted (`Session.faultCount`).
public struct Scatter: Equatable, Sendable {
  /// Raw values are part of the format.
  public enum Reduction: Int32, Sendable, CaseIterable { case none = 0, add = 1, multiply = 2, minimum = 3, maximum = 4 }
  public var reduction: Reduction
  public var input: TensorIndex
  public var indices: TensorIndex
  public var updates: TensorIndex
  public var output: TensorIndex
  public var batch: Int32
  public var extents: [Int32]
  public var count: Int32
  public var inner: Int32

  public init(
    reduction: Reduction, input: TensorIndex, indices: TensorIndex, updates: TensorIndex, output: TensorIndex, batch: Int32, extents: [Int32],
    count: Int32, inner: Int32
  ) {
    self.reduction = reduction
    self.input = input
    self.indices = indices
    self.updates = updates
    self.output = output
    self.batch = batch
    self.extents = extents
    self.count = count
    self.inner = inner
  }
}

/// The position, int64, of the greatest or least element along the middle of `[outer, reduced, inner]`: the first of equal ones, or the
/// last. float32, whole numbers and bool, quantised or not; NaN goes before every number.
public struct ArgReduction: Equatable, Sendable {
  public var input: TensorIndex
  public var output: TensorIndex
  public var outer: Int32
  public var reduced: Int32
  public var inner: Int32
  public var findsLeast: Bool
  public var takesLast: Bool

  public init(
    input: TensorIndex, output: TensorIndex, outer: Int32, reduced: Int32, inner: Int32, findsLeast: Bool = false, takesLast: Bool = false
  ) {
    self.input = input
    self.output = output
    self.outer = outer
    self.reduced = reduced
    self.inner = inner
    self.findsLeast = findsLeast
    self.takesLast = takesLast
  }
}

/// The positions, int64 `[outer, count]`, of the greatest (or least) elements of each row of `[outer, length]`, best first, of equal ones
/// the lower position first. Types and NaN as in `ArgReduction`. A `Gather` fetches the values.
public struct TopK: Equatable, Sendable {
  public var input: TensorIndex
  public var output: TensorIndex
  public var outer: Int32
  public var length: Int32
  public var count: Int32
  public var findsLeast: Bool

  public init(input: TensorIndex, output: TensorIndex, outer: Int32, length: Int32, count: Int32, findsLeast: Bool = false) {
    self.input = input
    self.output = output
    self.outer = outer
    self.length = length
    self.count = count
    self.findsLeast = findsLeast
  }
}

/// Running sums along the middle of `[outer, length, inner]`: each with its own element, or (`isExclusive`) without; from the front, or
/// (`isReversed`) from the end. float32, summed in double precision, or plain whole numbers, which wrap around.
public struct CumulativeSum: Equatable, Sendable {
  public var input: TensorIndex
  public var output: TensorIndex
  public var outer: Int32
  public var length: Int32
  public var inner: Int32
  public var isExclusive: Bool
  public var isReversed: Bool

  public init(
    input: TensorIndex, output: TensorIndex, outer: Int32, length: Int32, inner: Int32, isExclusive: Bool = false, isReversed: Bool = false
  ) {
    self.input = input
    self.output = output
    self.outer = outer
    self.length = length
    self.inner = inner
    self.isExclusive = isExclusive
    self.isReversed = isReversed
  }
}
