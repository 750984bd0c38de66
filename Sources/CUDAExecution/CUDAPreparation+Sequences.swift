import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

extension CUDAPreparation {
  mutating func append(_ fields: MatrixProduct) throws(InferenceError) {
    let tile = 16
    let (batch, m, n, k) = (Int(fields.batch), Int(fields.m), Int(fields.n), Int(fields.k))
    let arguments = unsafe swl_matrix_product(
      left: try floats(fields.left), right: try floats(fields.right), output: try written(fields.output), batch: Int64(batch), m: Int64(m), n: Int64(n),
      k: Int64(k), left_batch_stride: fields.leftBatchStride, right_batch_stride: fields.rightBatchStride, panels: 0,
      is_right_transposed: fields.isRightTransposed)
    let (rows, columns) = ((m + tile - 1) / tile, (n + tile - 1) / tile)
    try unsafe plan.append(
      swl_cuda_matrix_product_f32__id, of: device, arguments, grid: (columns, rows, batch), work: product(batch, rows * tile, columns * tile, k),
      serial: k, instruction: index)
  }

  mutating func append(_ fields: Normalisation) throws(InferenceError) {
    let input = tensor(fields.input)
    let width = input.dimensions.last ?? 1
    let rows = width == 0 ? 0 : input.elementCount / width
    let shift: UnsafePointer<Float>? = if let shift = fields.shift { try unsafe floats(shift) } else { nil }
    let normalisation = unsafe swl_normalisation(
      input: try floats(fields.input), scale: try floats(fields.scale), shift: shift,
      output: try written(fields.output), width: Int64(width), epsilon: fields.epsilon)
    let arguments = unsafe swl_cuda_normalisation_f32(rows_of: normalisation, rows: Int64(rows))
    // Eight rows a block, with sixteen threads each.
    try unsafe plan.append(
      swl_cuda_normalisation_f32__id, of: device, arguments, grid: ((rows + 7) / 8, 1, 1), work: 4 * input.elementCount, serial: width / 16,
      instruction: index)
  }

  mutating func append(_ fields: Rotation) throws(InferenceError) {
    let (input, cosines) = (tensor(fields.input), tensor(fields.cosines))
    let arguments = unsafe swl_rotation(
      input: try floats(fields.input), cosines: try floats(fields.cosines), sines: try floats(fields.sines),
      row_positions: UnsafePointer(try address(fields.rowPositions).assumingMemoryBound(to: Int64.self)), output: try written(fields.output),
      rows: Int64(input.dimensions[0]), heads: Int64(fields.heads), size: Int64(input.dimensions[1] / Int(fields.heads)),
      pairs: Int64(cosines.dimensions[1]), positions: Int64(cosines.dimensions[0]), is_interleaved: fields.isInterleaved, faults: faults)
    try unsafe launch(swl_cuda_rotation_f32__id, arguments, threads: input.elementCount)
  }

  mutating func append(_ fields: Attention) throws(InferenceError) {
    let (queries, keys) = (tensor(fields.queries).dimensions, tensor(fields.keys).dimensions)
    let (length, rows, heads) = (queries[0], keys[0], Int(fields.heads))
    let isAlone = length == 1
    var arguments = unsafe swl_cuda_attention_f32()
    if isAlone {
      unsafe arguments.scores = UnsafeMutablePointer(bitPattern: UInt(try scratch(4 * heads * (rows + 1))))
    }
    unsafe arguments.attention.queries = try floats(fields.queries)
    unsafe arguments.attention.keys = try widened(fields.keys, number: 2)
    unsafe arguments.attention.values = try widened(fields.values, number: 3)
    if let own = fields.ownKey { unsafe arguments.attention.own_key = try floats(own) }
    if let own = fields.ownValue { unsafe arguments.attention.own_value = try floats(own) }
    if let count = fields.count { unsafe arguments.attention.count = UnsafePointer(try address(count).assumingMemoryBound(to: Int64.self)) }
    unsafe arguments.attention.output = try written(fields.output)
    unsafe arguments.attention.heads = Int64(heads)
    unsafe arguments.attention.size = Int64(queries[1] / heads)
    unsafe arguments.attention.length = Int64(length)
    unsafe arguments.attention.rows = Int64(rows)
    let size = queries[1] / heads
    guard !isAlone else {
      return try unsafe plan.append(
        swl_cuda_attention_f32__alone__id, of: device, arguments, grid: (heads, 1, 1), work: product(2, rows, queries[1]),
        serial: rows + size * (rows / 128 + 1), instruction: index)
    }
    // Several queries a block read keys and values less often; a device whose multiprocessors would idle is supposed to gain more by more blocks, which
    // wasn't measured.
    let most = Int(SWL_CUDA_ATTENTION_QUERIES)
    let atOnce = product((length + most - 1) / most, heads) < device.multiprocessorCount ? 1 : most
    let blocks = (length + atOnce - 1) / atOnce
    try unsafe plan.append(
      atOnce == 1 ? swl_cuda_attention_f32__each__id : swl_cuda_attention_f32__id, of: device, arguments, grid: (blocks, heads, 1),
      work: product(2, blocks * atOnce, rows, queries[1]),
      serial: rows * 2 + atOnce * size * (rows / 120 + 1), instruction: index)
  }

  /// Keys or values as float32: those of 16 bits are converted before each run. Room for them is taken in powers of two, for a program that is bound to
  /// one length after another.
  private mutating func widened(_ index: TensorIndex, number: Int) throws(InferenceError) -> UnsafePointer<Float> {
    let rows = tensor(index)
    guard rows.elementType == .float16 else { return try unsafe floats(index) }
    let room = 1 << (Int.bitWidth - max(4 * rows.elementCount - 1, 1).leadingZeroBitCount)
    guard let target = unsafe UnsafeMutablePointer<Float>(bitPattern: UInt(try scratch(room, number: number))) else {
      throw InferenceError(.noResources, "the device has no memory for \(rows.elementCount) widened elements")
    }
    let arguments = unsafe swl_cast(
      input: UnsafeRawPointer(try address(index)), output: UnsafeMutableRawPointer(target), count: Int64(rows.elementCount),
      type: rows.elementType.code, output_type: ElementType.float32.code)
    try unsafe launch(swl_cuda_cast__id, arguments, threads: rows.elementCount, work: 2 * rows.elementCount)
    return unsafe UnsafePointer(target)
  }

  /// Weights of 8 or 4 bits, of which nothing else is known than what `Convolution` says: activations stay float32.
  mutating func appendNarrow(_ fields: Convolution, _ narrow: Convolution.NarrowWeights, _ window: swl_window) throws(InferenceError) {
    let (outputs, groups) = (Int(window.output_channels), Int(fields.groups))
    let inputs = Int(window.input_channels) / groups
    let depth = window.taps * inputs
    let scaleGroup = max(Int(narrow.group), 1)
    let rowBytes = tensor(fields.weights).byteCount / max(outputs, 1)
    guard rowBytes == (narrow.bits == 8 ? depth : (depth + 1) / 2) else {
      throw InferenceError(.unsupported, "instruction \(index): the weights of few bits aren't one row for each output")
    }
    let turned = try unsafe constant(fields.weights, .columns, [outputs, rowBytes, 1], outputs * rowBytes) { loading, address, bytes throws(InferenceError) in
      var turned = [UInt8](repeating: 0, count: outputs * rowBytes)
      for output in 0..<outputs {
        for k in 0..<rowBytes { turned[k * outputs + output] = unsafe bytes[output * rowBytes + k] }
      }
      try loading.fill(address, with: turned)
    }
    let pixels = window.rows * Int(window.output_width)
    let arguments = unsafe swl_cuda_convolution_narrow(
      input: try floats(fields.input), output: try written(fields.output), weights: UnsafePointer(bitPattern: UInt(turned)),
      scales: try floats(narrow.scales), window: window, group_inputs: Int32(inputs), group_outputs: Int32(outputs / groups), bits: narrow.bits,
      scale_group: Int32(scaleGroup), scale_groups: Int32((depth + scaleGroup - 1) / scaleGroup), depth: Int32(depth), is_row: pixels == 1,
      epilogue: try epilogue(fields, outputs: outputs))
    try unsafe launch(swl_cuda_convolution_narrow__id, arguments, threads: pixels * outputs, work: product(pixels, outputs, depth, 1), serial: depth)
  }

  mutating func floats(_ index: TensorIndex) throws(InferenceError) -> UnsafePointer<Float> {
    unsafe UnsafePointer(try address(index).assumingMemoryBound(to: Float.self))
  }

  mutating func written(_ index: TensorIndex) throws(InferenceError) -> UnsafeMutablePointer<Float> {
    unsafe try address(index).assumingMemoryBound(to: Float.self)
  }

  /// As much as can be counted.
  func product(_ factors: Int...) -> Int { factors.checkedElementCount ?? Int.max }
}
