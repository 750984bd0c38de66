import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Attention) throws(InferenceError) {
    let (queries, keys) = (tensor(fields.queries).dimensions, tensor(fields.keys).dimensions)
    let isHalf = tensor(fields.keys).elementType == .float16
    let kernel = unsafe kernel(isHalf ? SWL_ATTENTION_F16 : SWL_ATTENTION_F32)
    var arguments = unsafe swl_attention()
    unsafe arguments.queries = floats(fields.queries)
    if !isHalf {
      unsafe arguments.keys = floats(fields.keys)
      unsafe arguments.values = floats(fields.values)
    }
    unsafe arguments.own_key = fields.ownKey.map { unsafe floats($0) }
    unsafe arguments.own_value = fields.ownValue.map { unsafe floats($0) }
    unsafe arguments.count = fields.count.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: Int64.self)) }
    unsafe arguments.output = bytes(fields.output).assumingMemoryBound(to: Float.self)
    unsafe arguments.heads = Int64(fields.heads)
    unsafe arguments.size = Int64(queries[1] / Int(fields.heads))
    unsafe arguments.length = Int64(queries[0])
    unsafe arguments.rows = Int64(keys[0])
    let items = unsafe Int(swl_attention_items(kernel, &arguments))
    let scratch = unsafe isHalf ? swl_attention_f16_scratch(&arguments) : swl_attention_scratch(kernel, &arguments)
    let work = [2, queries[0], keys[0], queries[1]].checkedElementCount ?? Int.max
    // A head's part of a row is short: threads share the heads of one query in as few parts as they are.
    let share = (items + options.threads - 1) / options.threads
    let grain = queries[0] == 1 && work >= Self.sharedWork ? share : Self.grain(count: items, work: work, threads: options.threads)
    guard isHalf else {
      return try unsafe plan.append(kernel, arguments, count: items, grain: grain, work: work, scratch: scratch, instruction: index)
    }
    let halves = unsafe swl_attention_f16(
      attention: arguments, keys: UnsafePointer(bytes(fields.keys).assumingMemoryBound(to: UInt16.self)),
      values: UnsafePointer(bytes(fields.values).assumingMemoryBound(to: UInt16.self)))
    try unsafe plan.append(kernel, halves, count: items, grain: grain, work: work, scratch: scratch, instruction: index)
  }

  mutating func append(_ fields: Rotation) throws(InferenceError) {
    let (input, cosines) = (tensor(fields.input), tensor(fields.cosines))
    let arguments = unsafe swl_rotation(
      input: floats(fields.input), cosines: floats(fields.cosines), sines: floats(fields.sines),
      row_positions: UnsafePointer(bytes(fields.rowPositions).assumingMemoryBound(to: Int64.self)),
      output: bytes(fields.output).assumingMemoryBound(to: Float.self), rows: Int64(input.dimensions[0]), heads: Int64(fields.heads),
      size: Int64(input.dimensions[1] / Int(fields.heads)), pairs: Int64(cosines.dimensions[1]), positions: Int64(cosines.dimensions[0]),
      is_interleaved: fields.isInterleaved, faults: plan.faults)
    try unsafe step(kernel(SWL_ROTATION_F32), arguments, count: input.dimensions[0], work: 4 * input.elementCount)
  }

  mutating func append(_ fields: Normalisation) throws(InferenceError) {
    let input = tensor(fields.input)
    let width = input.dimensions.last ?? 1
    let arguments = unsafe swl_normalisation(
      input: floats(fields.input), scale: floats(fields.scale), shift: fields.shift.map { unsafe floats($0) },
      output: bytes(fields.output).assumingMemoryBound(to: Float.self), width: Int64(width), epsilon: fields.epsilon)
    try unsafe step(kernel(SWL_NORMALISATION_F32), arguments, count: input.elementCount / width, work: 4 * input.elementCount)
  }

  private func floats(_ index: TensorIndex) -> UnsafePointer<Float> { unsafe UnsafePointer(bytes(index).assumingMemoryBound(to: Float.self)) }
}
