import CPUExecution
import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  @Suite struct NarrowConvolutions {
    let device = EmulatedDevice.shared!

    /// Weights of few bits in windows of any shape: taps, paddings, dilations, groups, and depths that are odd or no multiple of a scale's group.
    @Test(arguments: [ConvolutionShape.Grouping.one, .some], 0..<12)
    func `convolutions with weights of few bits give the scalar kernels' bits`(_ grouping: ConvolutionShape.Grouping, _ seed: Int) throws {
      var g = SeededGenerator(seed: UInt64(seed) &* 3571 &+ 7)
      var shape = ConvolutionShape(grouping, &g)
      // Two to a byte: an even number of channels meets each output.
      let isHalf = seed % 2 == 1
      if isHalf, shape.weights[3] % 2 == 1 { (shape.weights[3], shape.input[3]) = (shape.weights[3] + 1, shape.input[3] + shape.groups) }
      var builder = ProgramBuilder()
      let input = builder.input(shape.input)
      let outputs = shape.output[3]
      let depth = shape.weights.dropFirst().reduce(1, *)
      let group = [2, 6, 10, 32, 64][seed % 5]
      let scales = builder.constant(g.floats(outputs * ((depth + group - 1) / group), 0.001...0.02), [outputs, (depth + group - 1) / group])
      let weights =
        isHalf
        ? builder.constant(g.bytes(outputs * depth / 2), [outputs, shape.weights[1], shape.weights[2], shape.weights[3] / 2])
        : builder.constant(g.weights(outputs * depth), shape.weights)
      var convolution = Convolution(
        input: input, weights: weights, bias: seed % 3 == 0 ? nil : builder.constant(g.floats(outputs)), output: builder.output(shape.output),
        strides: shape.strides, dilations: shape.dilations, padding: shape.padding, groups: Int32(shape.groups))
      convolution.narrow = Convolution.NarrowWeights(bits: isHalf ? 4 : 8, scales: scales, group: Int32(group))
      convolution.function = [.identity, .silu, .mish][seed % 3]
      builder.append(.convolution(convolution))
      let program = builder.program.withRedZones
      let values = [g.values(of: builder.program.tensors[Int(input)])] + program.redZones(behind: 1)
      let expected = try CUDATests.run(program, builder.weights, values, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
      device.reset()
      let actual = try CUDATests.run(program, builder.weights, values, on: CUDABackend.self, device.options())
      #expect(CUDATests.difference(actual, expected) == nil)
    }
  }
}
