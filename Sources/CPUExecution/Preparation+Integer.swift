import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: IntegerConvolution) throws(InferenceError) {
    let (input, weights, output) = (tensor(fields.input), tensor(fields.weights), tensor(fields.output))
    let window = swl_window(
      input: input.dimensions, output: output.dimensions, kernel: HeightWidth(Int32(weights.dimensions[1]), Int32(weights.dimensions[2])),
      strides: fields.strides, dilations: fields.dilations, padding: fields.padding)
    var arguments = unsafe swl_convolution_q32()
    unsafe arguments.input = UnsafePointer(bytes(fields.input).assumingMemoryBound(to: UInt8.self))
    unsafe arguments.input_zero_point = fields.inputZeroPoint.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: UInt8.self)) }
    unsafe arguments.input_flip = input.flip
    unsafe arguments.weights = UnsafePointer(try shiftedWeights(fields))
    unsafe arguments.output = bytes(fields.output).assumingMemoryBound(to: Int32.self)
    unsafe arguments.window = window
    unsafe arguments.groups = fields.groups
    let rows = output.dimensions[0] * output.dimensions[1]
    let depth = weights.elementCount / max(weights.dimensions[0], 1)
    let scratch = unsafe withUnsafePointer(to: window) { unsafe swl_convolution_q32_scratch($0, fields.groups) }
    let work = [output.elementCount, depth].checkedElementCount ?? Int.max
    try unsafe step(kernel(SWL_CONVOLUTION_Q32), arguments, count: rows, work: work, scratch: scratch)
  }

  /// The weights less their zero points, in 16 bits.
  private mutating func shiftedWeights(_ fields: IntegerConvolution) throws(InferenceError) -> UnsafeMutablePointer<Int16> {
    let weights = tensor(fields.weights)
    let count = weights.elementCount
    let depth = count / max(weights.dimensions[0], 1)
    let isSigned = weights.elementType == .int8
    let value = { (byte: UInt8) in isSigned ? Int16(Int8(bitPattern: byte)) : Int16(byte) }
    let source = unsafe bytes(fields.weights).assumingMemoryBound(to: UInt8.self)
    let zeros = unsafe fields.weightZeroPoints.map { unsafe bytes($0).assumingMemoryBound(to: UInt8.self) }
    let isSingle = fields.weightZeroPoints.map { tensor($0).elementCount == 1 } ?? true
    let form = PackedWeights.Form(
      family: SWL_CONVOLUTION_Q32, sizes: [depth, isSigned ? 1 : 0, fields.weightZeroPoints.map { place(of: $0)?.offset ?? -2 } ?? -1, isSingle ? 1 : 0])
    let packed = try unsafe packedWeights(fields.weights, as: form, byteCount: 2 * count) { block in
      let shifted = unsafe block.assumingMemoryBound(to: Int16.self)
      for index in 0..<count {
        let zero = unsafe zeros.map { unsafe value($0[isSingle ? 0 : index / depth]) } ?? 0
        unsafe shifted[index] = value(source[index]) - zero
      }
    }
    return unsafe packed.block.assumingMemoryBound(to: Int16.self)
  }
}
