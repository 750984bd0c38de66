import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

/// What data-dependent places, orders and running sums need.
extension CUDAPreparation {
  mutating func append(_ fields: Gather) throws(InferenceError) {
    let output = tensor(fields.output)
    let access = unsafe try access(
      fields.indices, batch: fields.batch, extents: fields.extents, count: fields.count, inner: fields.inner, sharesIndices: fields.sharesIndices)
    let arguments = unsafe swl_gather(
      input: UnsafePointer(try address(fields.input).assumingMemoryBound(to: UInt8.self)),
      output: try address(fields.output).assumingMemoryBound(to: UInt8.self), element_size: Int32(output.elementType.byteCount), access: access)
    try unsafe launch(swl_cuda_gather__id, arguments, threads: output.elementCount)
  }

  /// More updates than these, or more that are looked at in all, are too many for each element of the output to look through.
  private static let (mostUpdatesOfElement, mostLooks) = (64, 1 << 18)

  mutating func append(_ fields: Scatter) throws(InferenceError) {
    let output = tensor(fields.output)
    let (elements, updates) = (output.elementCount, Int(fields.count))
    // Of a single one nothing is looked through.
    let isShort = updates <= 1 || updates <= Self.mostUpdatesOfElement && product(elements, updates) <= Self.mostLooks
    // An update's coordinates are read one after the other.
    let cost = 4 + fields.extents.count
    var arguments = unsafe swl_scatter(
      input: UnsafePointer(try address(fields.input).assumingMemoryBound(to: UInt8.self)),
      updates: UnsafePointer(try address(fields.updates).assumingMemoryBound(to: UInt8.self)),
      output: try address(fields.output).assumingMemoryBound(to: UInt8.self), element_size: Int32(output.elementType.byteCount),
      type: output.elementType.code, reduction: fields.reduction.rawValue,
      access: try access(
        fields.indices, batch: fields.batch, extents: fields.extents, count: isShort ? fields.count : 0, inner: fields.inner, sharesIndices: false))
    try unsafe launch(
      swl_cuda_scatter__id, arguments, threads: elements, work: isShort ? product(elements, 1 + updates, cost) : elements,
      serial: isShort ? product(updates, cost) : 1)
    guard !isShort else { return }
    unsafe arguments.access.count = Int64(fields.count)
    try unsafe launch(
      swl_cuda_scatter__columns__id, arguments, threads: Int(fields.batch) * Int(fields.inner),
      work: product(cost, tensor(fields.updates).elementCount), serial: product(updates, cost))
  }

  mutating func append(_ fields: ArgReduction) throws(InferenceError) {
    let input = tensor(fields.input)
    let arguments = unsafe swl_arg_reduction(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output).assumingMemoryBound(to: Int64.self),
      outer: Int64(fields.outer), reduced: Int64(fields.reduced), inner: Int64(fields.inner), type: input.elementType.code,
      finds_least: fields.findsLeast, takes_last: fields.takesLast)
    let (count, reduced) = (Int(fields.outer) * Int(fields.inner), Int(fields.reduced))
    guard reduced > Self.longestReductionOfThread else {
      return try unsafe launch(swl_cuda_arg_reduction__id, arguments, threads: count, work: 4 * input.elementCount, serial: reduced)
    }
    try unsafe plan.append(
      swl_cuda_arg_reduction__block__id, of: device, arguments, grid: (count, 1, 1), work: 4 * input.elementCount, serial: reduced / 128 + 8,
      instruction: index)
  }

  mutating func append(_ fields: TopK) throws(InferenceError) {
    let input = tensor(fields.input)
    let arguments = unsafe swl_top_k(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output).assumingMemoryBound(to: Int64.self),
      outer: Int64(fields.outer), length: Int64(fields.length), count: Int64(fields.count), type: input.elementType.code, finds_least: fields.findsLeast)
    // By the slowest data, rows in the wrong order: the zeros that a session begins with would take no time.
    try unsafe launch(
      swl_cuda_top_k__id, arguments, threads: input.elementCount, work: product(32, input.elementCount, Int(fields.length)), serial: Int(fields.length))
  }

  mutating func append(_ fields: CumulativeSum) throws(InferenceError) {
    let input = tensor(fields.input)
    let arguments = unsafe swl_cumulative_sum(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output), outer: Int64(fields.outer), length: Int64(fields.length),
      inner: Int64(fields.inner), type: input.elementType.code, is_exclusive: fields.isExclusive, is_reversed: fields.isReversed)
    try unsafe launch(
      swl_cuda_cumulative_sum__id, arguments, threads: Int(fields.outer) * Int(fields.inner), work: 4 * input.elementCount, serial: Int(fields.length))
  }

  private mutating func access(
    _ indices: TensorIndex, batch: Int32, extents: [Int32], count: Int32, inner: Int32, sharesIndices: Bool
  ) throws(InferenceError) -> swl_access {
    let sizes = extents.map { Int($0) }
    return unsafe swl_access(
      indices: UnsafeRawPointer(try address(indices)), index_size: Int32(tensor(indices).elementType.byteCount), coordinates: Int32(sizes.count),
      extents: eight(sizes), steps: eight(sizes.rowMajorStrides), rows: Int64(sizes.elementCount), batch: Int64(batch), count: Int64(count),
      inner: Int64(inner), shares_indices: sharesIndices, faults: faults)
  }
}
