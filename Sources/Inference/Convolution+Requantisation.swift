public import CKernels
public import ModelFormat
import Tensors

/// What follows the sums of a convolution in integers, for every backend.
extension Convolution {
  /// - Parameters:
  ///   - instruction: its number, for messages.
  ///   - address: where the kernel that will run finds a tensor's bytes.
  public func requantisation(
    in program: Program, instruction: Int, _ address: (TensorIndex) throws(InferenceError) -> UnsafeRawPointer
  ) throws(InferenceError) -> swl_requantisation {
    let output = program.tensors[Int(self.output)]
    guard let bias, let multipliers else { throw lacksBias(instruction, output) }
    let residualTensor = residual.map { program.tensors[Int($0)] }
    var result = unsafe swl_requantisation()
    unsafe result.bias = try address(bias).assumingMemoryBound(to: Int32.self)
    unsafe result.multipliers = try address(multipliers).assumingMemoryBound(to: Float.self)
    unsafe result.middle_lower = Float(middleLower - middleZeroPoint)
    unsafe result.middle_upper = Float(middleUpper - middleZeroPoint)
    unsafe result.middle_zero_point = middleZeroPoint
    if let table { unsafe result.table = try address(table).assumingMemoryBound(to: UInt8.self) }
    if let gates { unsafe result.gates = try address(gates).assumingMemoryBound(to: UInt8.self) }
    unsafe result.gate_factor = gateFactor
    unsafe result.table_zero_point = tableZeroPoint
    unsafe result.output_flip = output.flip
    if let residual { unsafe result.residual = try address(residual).assumingMemoryBound(to: UInt8.self) }
    unsafe result.residual_flip = residualTensor?.flip ?? 0
    unsafe result.residual_zero_point = residualTensor?.zeroPoint ?? 0
    unsafe result.middle_scale = middleScale
    unsafe result.residual_scale = residualTensor?.scale ?? 1
    unsafe result.output_scale = output.scale
    unsafe result.output_lower = Float(outputLower - output.zeroPoint)
    unsafe result.output_upper = Float(outputUpper - output.zeroPoint)
    unsafe result.output_zero_point = output.zeroPoint
    return unsafe result
  }

  /// The largest magnitude that any sum of any input reaches, and the largest of an input less its zero point.
  /// - Parameters:
  ///   - magnitudes: each output channel's Σ |weight|.
  ///   - bytes: where a tensor's bytes lie in this program's own memory.
  /// - Throws: `.sumOverflow` where 32 bits can't hold a sum; `.malformedProgram` for multipliers that are no finite numbers.
  public func largestSum(
    in program: Program, _ magnitudes: [Int64], instruction: Int, _ bytes: (TensorIndex) -> UnsafeRawPointer
  ) throws(InferenceError) -> (sum: Int64, input: Int32) {
    let input = program.tensors[Int(self.input)]
    let output = program.tensors[Int(self.output)]
    guard let bias, let multipliers, let range = input.elementType.eightBitRange else { throw lacksBias(instruction, output) }
    let factors = unsafe bytes(multipliers).assumingMemoryBound(to: Float.self)
    for channel in magnitudes.indices {
      guard unsafe factors[channel].isFinite else {
        throw InferenceError(.malformedProgram, "instruction \(instruction) into '\(output.name)': the multiplier of channel \(channel) is not finite")
      }
    }
    let largestInput = max(range.upperBound - input.zeroPoint, input.zeroPoint - range.lowerBound)
    let largestSum = unsafe swl_largest_sum(magnitudes, bytes(bias).assumingMemoryBound(to: Int32.self), Int64(magnitudes.count), largestInput)
    guard largestSum <= Int64(Int32.max) else {
      throw InferenceError(.sumOverflow, "instruction \(instruction) into '\(output.name)': its sums can reach \(largestSum), which 32 bits can't hold")
    }
    return (largestSum, largestInput)
  }

  private func lacksBias(_ instruction: Int, _ output: TensorDescription) -> InferenceError {
    InferenceError(.malformedProgram, "instruction \(instruction) into '\(output.name)' lacks bias or multipliers")
  }
}
