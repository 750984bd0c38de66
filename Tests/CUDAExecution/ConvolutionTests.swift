import CPUExecution
import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  @Suite struct Convolutions {
    let device = EmulatedDevice.shared!

    /// Every way to finish a sum in turn: plain, table, gates, each with and without a residual.
    private func integerProgram(_ grouping: ConvolutionShape.Grouping, _ seed: Int, _ g: inout SeededGenerator) -> ProgramBuilder {
      let shape = ConvolutionShape(grouping, &g)
      var builder = ProgramBuilder()
      let type = g.eightBitType()
      let input = builder.input(shape.input, type, g.quantisation(type))
      let channels = shape.output[3]
      let depth = shape.weights.dropFirst().reduce(1, *)
      let outputType = g.eightBitType()
      let range = outputType.eightBitRange!
      let quantisation = g.quantisation(outputType)
      let residual = seed % 2 == 0 ? builder.input(shape.output, outputType, g.quantisation(outputType)) : nil
      let output = builder.output(shape.output, outputType, quantisation)
      var convolution = Convolution(
        input: input, weights: builder.constant(g.weights(shape.weights.elementCount), shape.weights),
        bias: builder.constant((0..<channels).map { _ in Int32(g.integer(-20000...20000)) }), output: output, strides: shape.strides,
        dilations: shape.dilations, padding: shape.padding, groups: Int32(shape.groups))
      let spread = 1 / (Float(depth).squareRoot() * 120)
      convolution.multipliers = builder.constant(g.floats(channels, spread / 4...spread))
      if seed % 3 == 1 { convolution.table = builder.constant(g.bytes(256)) }
      if seed % 3 == 2 {
        convolution.gates = builder.constant(g.bytes(256))
        convolution.gateFactor = Int32(g.integer(40...4000))
        convolution.multipliers = builder.constant(g.floats(channels, spread * 60...spread * 250))
      }
      convolution.residual = residual
      convolution.middleZeroPoint =
        residual == nil && convolution.table == nil ? quantisation.zeroPoint : Int32(g.integer(Int(range.lowerBound)...Int(range.upperBound)))
      convolution.middleLower = seed % 4 < 2 ? range.lowerBound : range.lowerBound + 20
      convolution.middleUpper = range.upperBound
      convolution.tableZeroPoint = convolution.table == nil ? convolution.middleZeroPoint : quantisation.zeroPoint
      convolution.middleScale = 0.03
      convolution.outputLower = range.lowerBound
      convolution.outputUpper = range.upperBound
      builder.append(.convolution(convolution))
      return builder
    }

    @Test(arguments: ConvolutionShape.Grouping.allCases, 0..<18)
    func `integer convolutions of any shape give the scalar kernels' bits, by dot products and by matrices`(
      _ grouping: ConvolutionShape.Grouping, _ seed: Int
    ) throws {
      var g = SeededGenerator(seed: UInt64(seed) &* 6151 &+ 11)
      let builder = integerProgram(grouping, seed, &g)
      let program = builder.program.withRedZones
      var inputs = builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) }
      inputs += program.redZones(behind: inputs.count)
      let expected = try CUDATests.run(program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
      for multiplication in device.multiplications {
        device.reset()
        let actual = try CUDATests.run(program, builder.weights, inputs, on: CUDABackend.self, device.options(multiplication))
        #expect(CUDATests.difference(actual, expected) == nil, "\(multiplication)")
        #expect(device.overrunCount == 0)
        #expect(device.aliveCount == 0)
      }
    }

    /// Depths and widths around the tiles' borders, where a forgotten element would show.
    @Test(arguments: [(1, 1), (3, 63), (63, 64), (64, 65), (65, 128), (255, 129), (256, 1), (257, 66)])
    func `matrix products around the tiles' borders give the scalar kernels' bits`(_ inputs: Int, _ outputs: Int) throws {
      var g = SeededGenerator(seed: UInt64(inputs * 1000 + outputs))
      for type in [ElementType.uint8, .int8] {
        var builder = ProgramBuilder()
        let input = builder.input([1, 13, 5, inputs], type, g.quantisation(type))
        let output = builder.output([1, 13, 5, outputs], .int8, Quantisation(scale: 0.05, zeroPoint: 3))
        var convolution = Convolution(
          input: input, weights: builder.constant(g.weights(inputs * outputs), [outputs, 1, 1, inputs]),
          bias: builder.constant((0..<outputs).map { _ in Int32(g.integer(-900...900)) }), output: output)
        convolution.multipliers = builder.constant(g.floats(outputs, 0.0001...0.01))
        (convolution.middleZeroPoint, convolution.middleLower, convolution.middleUpper) = (3, -128, 127)
        (convolution.tableZeroPoint, convolution.outputLower, convolution.outputUpper) = (3, -128, 127)
        builder.append(.convolution(convolution))
        let program = builder.program.withRedZones
        let values = [g.values(of: program.tensors[Int(input)])] + program.redZones(behind: 1)
        let expected = try CUDATests.run(program, builder.weights, values, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
        for multiplication in device.multiplications {
          device.reset()
          let actual = try CUDATests.run(program, builder.weights, values, on: CUDABackend.self, device.options(multiplication))
          #expect(CUDATests.difference(actual, expected) == nil, "\(type) by \(multiplication)")
        }
      }
    }

    @Test(
      .disabled(if: EmulatedDevice.isReal),
      arguments: [(7, 2, "m16n16k16"), (7, 5, "m8n8k16"), (8, 0, "m16n8k32"), (8, 7, "m16n8k32"), (9, 0, "m16n8k32")] as [(Int32, Int32, String)])
    func `each generation gets the matrix instructions that it came with`(_ major: Int32, _ minor: Int32, _ instruction: String) throws {
      var g = SeededGenerator(seed: 2)
      let builder = integerProgram(.one, 0, &g)
      let inputs = builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) }
      let expected = try CUDATests.run(builder.program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
      device.reset(capability: (major, minor))
      let actual = try CUDATests.run(builder.program, builder.weights, inputs, on: CUDABackend.self, device.options())
      #expect(CUDATests.difference(actual, expected) == nil)
      for kernel in ["dp4a", "m16n16k16", "m8n8k16", "m16n8k32"] {
        #expect(device.launchCount(of: "swl_cuda_convolution_q8__\(kernel)") == (kernel == instruction ? 3 : 0), "\(kernel)")
      }
    }

    /// The driver compiles text of an earlier generation, which has that one's instructions and traps in the others' kernels.
    @Test(.disabled(if: EmulatedDevice.isReal), arguments: [(7, 2, "m16n16k16"), (7, 5, "m8n8k16"), (8, 0, "m16n8k32")] as [(UInt32, UInt32, String)])
    func `code of an earlier generation than the device's brings its own matrix instructions along`(
      _ major: UInt32, _ minor: UInt32, _ instruction: String
    ) throws {
      var g = SeededGenerator(seed: 2)
      let builder = integerProgram(.one, 0, &g)
      let inputs = builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) }
      let expected = try CUDATests.run(builder.program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
      device.reset(capability: (9, 0))
      var options = device.options()
      options.image = TestImage.image([(1, major, minor, "// text")])
      let actual = try CUDATests.run(builder.program, builder.weights, inputs, on: CUDABackend.self, options)
      #expect(CUDATests.difference(actual, expected) == nil)
      #expect(device.launchCount(of: "swl_cuda_convolution_q8__\(instruction)") == 3)
      guard minor != 0 else { return }
      options.multiplication = .matrices16x8x32
      let error = #expect(throws: InferenceError.self) {
        try CUDATests.run(builder.program, builder.weights, inputs, on: CUDABackend.self, options)
      }
      #expect(error?.code == .unsupported)
    }

    /// Functions of the device's mathematical library follow in a kernel of their own.
    @Test(arguments: ConvolutionShape.Grouping.allCases, 0..<8)
    func `float convolutions add up in the scalar kernels' order`(_ grouping: ConvolutionShape.Grouping, _ seed: Int) throws {
      var g = SeededGenerator(seed: UInt64(seed) &* 977 &+ 3)
      let shape = ConvolutionShape(grouping, &g)
      var builder = ProgramBuilder()
      let input = builder.input(shape.input)
      let residual = seed % 2 == 0 ? builder.input(shape.output) : nil
      var convolution = Convolution(
        input: input, weights: builder.constant(g.floats(shape.weights.elementCount), shape.weights),
        bias: seed % 3 == 0 ? nil : builder.constant(g.floats(shape.output[3])), output: builder.output(shape.output), strides: shape.strides,
        dilations: shape.dilations, padding: shape.padding, groups: Int32(shape.groups))
      convolution.function = [.identity, .silu, .leakyRelu, .hardSwish, .sigmoid, .mish, .elu, .softplus][seed]
      (convolution.alpha, convolution.beta) = (0.2, 0.5)
      convolution.residual = residual
      convolution.lower = -0.5
      builder.append(.convolution(convolution))
      let program = builder.program.withRedZones
      var inputs = builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) }
      inputs += program.redZones(behind: inputs.count)
      let expected = try CUDATests.run(program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
      device.reset()
      let actual = try CUDATests.run(program, builder.weights, inputs, on: CUDABackend.self, device.options())
      #expect(CUDATests.difference(actual, expected, of: program) == nil)
    }
  }
}
