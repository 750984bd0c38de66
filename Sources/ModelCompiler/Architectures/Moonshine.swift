import ModelManifest
import ONNX
import TextTokens

/// Moonshine: an encoder over raw sound of 16 kHz, and a decoder that writes it down token by token.
///
/// Sound goes in blocks of 384 samples, the product of the stem's strides (64, 3 and 2): every length in the encoder then follows the number of
/// blocks by one rule. `blocks − 2` frames come out.
struct Moonshine: SequenceArchitecture {
  static let modelType = "moonshine"
  static let block = 384
  /// A fifth of a second to half a minute, which is what the models were trained with.
  static let blocks = 8...1250

  let configuration: MoonshineConfiguration
  private let weights: MoonshineWeights
  private let vocabulary: Vocabulary

  init(_ folder: borrowing PretrainedFolder, _ options: SequenceOptions) throws(CompilerError) {
    if let other = options.name { throw CompilerError(.invalid, "\(folder.path): is a Moonshine model, for which there is no \(other)") }
    configuration = try MoonshineConfiguration(folder.configuration)
    vocabulary = try folder.vocabulary()
    guard vocabulary.pieces.count <= configuration.vocabularySize else { throw CompilerError(vocabulary, folder.path, configuration.vocabularySize) }
    weights = try MoonshineWeights(folder, configuration)
  }

  var encoder: SequencePart {
    SequencePart(
      model: encoderGraph(), shapes: ["samples": [.open(Self.blocks), .fixed(Self.block)], "frames": [.open(Self.blocks)]])
  }

  var step: SequencePart {
    let lengths = Self.blocks.lowerBound - 2...Self.blocks.upperBound - 2
    let heard = (0..<configuration.decoderLayers).flatMap { ["heard_keys.\($0)", "heard_values.\($0)"] }
    let shape: [AxisSize] = [.open(lengths), .fixed(configuration.width)]
    return SequencePart(model: stepGraph(), shapes: Dictionary(uniqueKeysWithValues: heard.map { ($0, shape) }))
  }

  func manifest(name: String) -> Manifest {
    var sound = SoundInput(tensor: "samples", sampleRate: 16000, features: .waveform)
    sound.chunk = Self.block
    let decoding = StepwiseDecoding(
      framePositions: "frames", handedOn: SequenceNames.heard(layers: configuration.decoderLayers), token: "token", position: "position",
      scores: "scores", rows: SequenceNames.rows(layers: configuration.decoderLayers),
      capacity: configuration.capacity, startToken: configuration.startToken, endTokens: configuration.endTokens,
      // The model's authors let it write 6.5 tokens a second.
      tokensPerSecond: 6.5, spareTokens: 8, vocabulary: vocabulary)
    return Manifest(name: name, version: "1", task: .transcription, sound: sound, decoding: .stepwise(decoding))
  }

  // MARK: Encoder

  private func encoderGraph() -> ONNXModel {
    var graph = LayerGraph(name: "encoder")
    let samples = graph.input("samples", .float32, [.symbol("blocks"), .size(Self.block)])
    let positions = graph.slice(graph.input("frames", .int64, [.symbol("blocks")]), axis: 0, from: 0, to: -2)
    var x = stem(samples, &graph)
    let heads = configuration.encoderHeads
    let angles = rotaryAngles(heads: heads, positions: Self.blocks.upperBound)
    for layer in weights.encoder {
      let y = graph.normalised(x, layer.attentionNorm)
      let query = graph.rotated(graph.linear(y, layer.attention.query), angles, positions: positions, heads: heads)
      let key = graph.rotated(graph.linear(y, layer.attention.key), angles, positions: positions, heads: heads)
      let found = graph.attention(query, key, graph.linear(y, layer.attention.value), heads: heads)
      x = graph.add("Add", [x, graph.linear(found, layer.attention.output)])
      let inner = graph.add("Gelu", [graph.linear(graph.normalised(x, layer.forwardNorm), layer.first.weight, bias: layer.first.bias)])
      x = graph.add("Add", [x, graph.linear(inner, layer.second.weight, bias: layer.second.bias)])
    }
    x = graph.normalised(x, weights.encoderNorm)
    graph.output(x, as: "heard")
    for (index, layer) in weights.decoder.enumerated() {
      graph.output(graph.linear(x, layer.hearing.key), as: "heard_keys.\(index)")
      graph.output(graph.linear(x, layer.hearing.value), as: "heard_values.\(index)")
    }
    return graph.model
  }

  /// Sound to frames of 24 ms, `[frames, width]`.
  private func stem(_ samples: String, _ graph: inout LayerGraph) -> String {
    let sound = graph.reshaped(samples, to: [1, 1, -1])
    let first = graph.add("Tanh", [graph.convolution(sound, weights.stem[0].weight, stride: 64)])
    // One group over all channels and the whole length: a normalisation over both axes of a matrix.
    let (scale, shift) = (weights.stemNorm.weight, weights.stemNorm.bias!)
    let inputs = [graph.squeezed(graph.transposed(first, [0, 2, 1])), graph.constant(scale.name, scale.tensor), graph.constant(shift.name, shift.tensor)]
    let even = graph.add("LayerNormalization", inputs, ["axis": .integer(0), "epsilon": .float(1e-5)])
    var x = graph.transposed(graph.unsqueezed(even), [0, 2, 1])
    for (layer, stride) in zip(weights.stem.dropFirst(), [3, 2] as [Int64]) {
      x = graph.add("Gelu", [graph.convolution(x, layer.weight, bias: layer.bias, stride: stride)])
    }
    return graph.squeezed(graph.transposed(x, [0, 2, 1]))
  }

  // MARK: Decoder

  /// One token further: a row of each layer's keys and values is made, and the scores of the next token.
  private func stepGraph() -> ONNXModel {
    var graph = LayerGraph(name: "step")
    let (heads, width, capacity) = (configuration.decoderHeads, configuration.width, configuration.capacity)
    let token = graph.input("token", .int64, [.size(1)])
    let position = graph.input("position", .int64, [.size(1)])
    let embedding = graph.constant(weights.embedding.name, weights.embedding.tensor)
    var x = graph.add("Gather", [embedding, token])
    let angles = rotaryAngles(heads: heads, positions: capacity)
    for (index, layer) in weights.decoder.enumerated() {
      let y = graph.normalised(x, layer.attentionNorm)
      let query = graph.rotated(graph.linear(y, layer.attention.query), angles, positions: position, heads: heads)
      let key = graph.rotated(graph.linear(y, layer.attention.key), angles, positions: position, heads: heads)
      let value = graph.linear(y, layer.attention.value)
      graph.output(graph.unsqueezed(key), as: "keys.\(index)")
      graph.output(graph.unsqueezed(value), as: "values.\(index)")
      let past: [ONNXDimension] = [.size(1), .size(capacity), .size(width)]
      let keys = graph.input("past_keys.\(index)", .float32, past)
      let values = graph.input("past_values.\(index)", .float32, past)
      let found = graph.attention(query, past: (keys, values), own: (key, value), count: position, heads: heads)
      x = graph.add("Add", [x, graph.linear(found, layer.attention.output)])

      let heard: [ONNXDimension] = [.symbol("length"), .size(width)]
      let question = graph.linear(graph.normalised(x, layer.hearingNorm), layer.hearing.query)
      let answer = graph.attention(
        question, graph.input("heard_keys.\(index)", .float32, heard), graph.input("heard_values.\(index)", .float32, heard), heads: heads)
      x = graph.add("Add", [x, graph.linear(answer, layer.hearing.output)])

      let both = graph.linear(graph.normalised(x, layer.forwardNorm), layer.first.weight, bias: layer.first.bias)
      let inner = Int64(configuration.innerWidth)
      let gate = graph.add("Swish", [graph.slice(both, axis: 1, from: inner, to: 2 * inner)])
      let gated = graph.add("Mul", [gate, graph.slice(both, axis: 1, from: 0, to: inner)])
      x = graph.add("Add", [x, graph.linear(gated, layer.second.weight, bias: layer.second.bias)])
    }
    graph.output(graph.linear(graph.normalised(x, weights.decoderNorm), weights.scores), as: "scores")
    return graph.model
  }

  private func rotaryAngles(heads: Int, positions: Int) -> RotaryAngles {
    RotaryAngles(share: configuration.rotaryShare(heads: heads), positions: positions, base: configuration.rotaryBase)
  }
}
