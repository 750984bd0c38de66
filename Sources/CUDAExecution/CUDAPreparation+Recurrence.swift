import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

extension CUDAPreparation {
  mutating func append(_ fields: Recurrence) throws(InferenceError) {
    guard fields.isExactOnCUDA else {
      throw InferenceError(.unsupported, "instruction \(index): the CUDA backend has no kernel for a recurrence with such a function")
    }
    let states = tensor(fields.states)
    let (steps, batch, hidden) = (states.dimensions[0] - 1, states.dimensions[1], states.dimensions[3])
    let columns = fields.kind.gateCount * hidden
    let weights = try turnedColumns(fields.weights, outputs: columns, depth: hidden)
    var arguments = unsafe swl_cuda_recurrence_f32()
    unsafe arguments.recurrence.gates = try floats(fields.gates)
    unsafe arguments.recurrence.weights = UnsafePointer(bitPattern: UInt(weights))
    if let bias = fields.recurrentBias { unsafe arguments.recurrence.recurrent_bias = try floats(bias) }
    if let peepholes = fields.peepholes { unsafe arguments.recurrence.peepholes = try floats(peepholes) }
    if let lengths = fields.lengths { unsafe arguments.recurrence.lengths = UnsafePointer(try address(lengths).assumingMemoryBound(to: Int32.self)) }
    if let initial = fields.initialHidden { unsafe arguments.recurrence.initial_hidden = try floats(initial) }
    if let initial = fields.initialCell { unsafe arguments.recurrence.initial_cell = try floats(initial) }
    unsafe arguments.recurrence.states = try written(fields.states)
    unsafe arguments.recurrence.steps = Int64(steps)
    unsafe arguments.recurrence.batch = Int64(batch)
    unsafe arguments.recurrence.hidden = Int64(hidden)
    unsafe arguments.recurrence.kind = fields.kind.rawValue
    unsafe arguments.recurrence.is_reversed = fields.isReversed
    unsafe arguments.recurrence.clip = fields.clip
    unsafe arguments.recurrence.functions = (fields.functions.0.rawValue, fields.functions.1.rawValue, fields.functions.2.rawValue)
    unsafe arguments.recurrence.alphas = fields.alphas
    unsafe arguments.recurrence.betas = fields.betas
    let room = product(4, batch, columns + 3 * hidden)
    guard room <= Program.largestArena else {
      throw InferenceError(.unsupported, "instruction \(index): the states of \(batch) sequences at once take \(room) bytes")
    }
    unsafe arguments.scratch = UnsafeMutablePointer(bitPattern: UInt(try scratch(room)))
    let threads = Int(swl_cuda_kernel_threads(swl_cuda_recurrence_f32__id))
    // What a thread does for one step of the sequence: its columns, for a GRU its units of the candidate in a second pass, barriers, functions.
    let (columnsEach, unitsEach) = ((columns + threads - 1) / threads, (hidden + threads - 1) / threads)
    let isGRU = fields.kind == .gru || fields.kind == .gruResetAfter
    let step = product(hidden, columnsEach + (isGRU ? unitsEach : 0)).addingReportingOverflow(64 * unitsEach)
    try unsafe plan.append(
      swl_cuda_recurrence_f32__id, of: device, arguments, grid: (batch, 1, 1), work: product(steps, batch, columns, hidden),
      serial: product(steps, step.overflow ? Int.max : step.partialValue), instruction: index)
  }
}
