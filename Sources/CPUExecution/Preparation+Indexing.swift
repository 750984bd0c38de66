import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Gather) throws(InferenceError) {
    let output = tensor(fields.output)
    let access = unsafe access(
      fields.indices, batch: fields.batch, extents: fields.extents, count: fields.count, inner: fields.inner, sharesIndices: fields.sharesIndices)
    let arguments = unsafe swl_gather(
      input: UnsafePointer(bytes(fields.input).assumingMemoryBound(to: UInt8.self)), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self),
      element_size: Int32(output.elementType.byteCount), access: access)
    try unsafe step(kernel(SWL_GATHER), arguments, count: Int(fields.batch) * Int(fields.count), work: 4 * output.elementCount)
  }

  mutating func append(_ fields: Scatter) throws(InferenceError) {
    let output = tensor(fields.output)
    let access = unsafe access(
      fields.indices, batch: fields.batch, extents: fields.extents, count: fields.count, inner: fields.inner, sharesIndices: false)
    let arguments = unsafe swl_scatter(
      input: UnsafePointer(bytes(fields.input).assumingMemoryBound(to: UInt8.self)),
      updates: UnsafePointer(bytes(fields.updates).assumingMemoryBound(to: UInt8.self)), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self),
      element_size: Int32(output.elementType.byteCount), type: output.elementType.code, reduction: fields.reduction.rawValue, access: access)
    let work = output.elementCount + 4 * tensor(fields.updates).elementCount
    try unsafe step(kernel(SWL_SCATTER), arguments, count: Int(fields.batch) * Self.chunks(Int(fields.inner)), work: work)
  }

  mutating func append(_ fields: ArgReduction) throws(InferenceError) {
    let input = tensor(fields.input)
    let arguments = unsafe swl_arg_reduction(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output).assumingMemoryBound(to: Int64.self), outer: Int64(fields.outer),
      reduced: Int64(fields.reduced), inner: Int64(fields.inner), type: input.elementType.code, finds_least: fields.findsLeast,
      takes_last: fields.takesLast)
    try unsafe step(kernel(SWL_ARG_REDUCTION), arguments, count: Self.columnItems(fields.outer, fields.inner), work: 4 * input.elementCount)
  }

  mutating func append(_ fields: TopK) throws(InferenceError) {
    let input = tensor(fields.input)
    let arguments = unsafe swl_top_k(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output).assumingMemoryBound(to: Int64.self), outer: Int64(fields.outer),
      length: Int64(fields.length), count: Int64(fields.count), type: input.elementType.code, finds_least: fields.findsLeast)
    try unsafe step(kernel(SWL_TOP_K), arguments, count: Int(fields.outer), work: 8 * input.elementCount)
  }

  mutating func append(_ fields: CumulativeSum) throws(InferenceError) {
    let input = tensor(fields.input)
    let arguments = unsafe swl_cumulative_sum(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output), outer: Int64(fields.outer), length: Int64(fields.length),
      inner: Int64(fields.inner), type: input.elementType.code, is_exclusive: fields.isExclusive, is_reversed: fields.isReversed)
    try unsafe step(kernel(SWL_CUMULATIVE_SUM), arguments, count: Self.columnItems(fields.outer, fields.inner), work: 4 * input.elementCount)
  }

  /// Items of the families that take some columns of one outer position at a time.
  static func columnItems(_ outer: Int32, _ inner: Int32) -> Int {
    let chunk = Int(SWL_REDUCTION_CHUNK)
    return Int(outer) * ((Int(inner) + chunk - 1) / chunk)
  }

  private func access(
    _ indices: TensorIndex, batch: Int32, extents: [Int32], count: Int32, inner: Int32, sharesIndices: Bool
  ) -> swl_access {
    let sizes = extents.map { Int($0) }
    return unsafe swl_access(
      indices: UnsafeRawPointer(bytes(indices)), index_size: Int32(tensor(indices).elementType.byteCount), coordinates: Int32(sizes.count),
      extents: eight(sizes), steps: eight(sizes.rowMajorStrides), rows: Int64(sizes.elementCount), batch: Int64(batch), count: Int64(count),
      inner: Int64(inner), shares_indices: sharesIndices, faults: plan.faults)
  }
}
