import ModelManifest
import ONNX
import TextTokens

/// Whisper: an encoder over a spectrogram of sound of 16 kHz, and a decoder that writes it down token by token.
///
/// Sound goes in blocks of 320 samples, two frames of the spectrogram, which become one frame of the encoder. The model was trained with half a
/// minute always, shorter sound padded with silence; with less, which costs less, it may write more that nobody said.
struct Whisper: SequenceArchitecture {
  static let modelType = "whisper"
  static let (hop, block) = (160, 320)

  let configuration: WhisperConfiguration
  private let weights: WhisperWeights
  private let vocabulary: Vocabulary
  private let blocks: ClosedRange<Int>

  init(_ folder: borrowing PretrainedFolder, _ options: SequenceOptions) throws(CompilerError) {
    var vocabulary = try folder.vocabulary()
    configuration = try WhisperConfiguration(folder.configuration, folder.generation, vocabulary, language: options.language)
    guard vocabulary.pieces.count <= configuration.vocabularySize else { throw CompilerError(vocabulary, folder.path, configuration.vocabularySize) }
    guard vocabulary.isByteLevel == true else {
      throw CompilerError(.invalid, "\(folder.path)/tokenizer.json: has no decoder ByteLevel, in whose characters Whisper's vocabularies are written")
    }
    vocabulary.strippedSpaces = 1
    self.vocabulary = vocabulary
    let longest = configuration.positions
    guard longest * Self.block >= 16_000 else {
      throw CompilerError(.unsupported, "\(folder.configuration.origin): 'max_source_positions' \(longest) is less than a second of sound")
    }
    let shortest = options.shortestSeconds.map { Int(($0 * 16_000 / Double(Self.block)).rounded(.up)) } ?? longest
    blocks = min(max(8, shortest), longest)...longest
    weights = try WhisperWeights(folder, configuration)
  }

  var encoder: SequencePart {
    let row = Self.block / Self.hop * configuration.bands
    return SequencePart(model: encoderGraph(row: Int64(row)), shapes: ["bands": [.open(blocks), .fixed(row)], "frames": [.open(blocks)]])
  }

  var step: SequencePart {
    let heard = (0..<configuration.decoderLayers).flatMap { ["heard_keys.\($0)", "heard_values.\($0)"] }
    let shape: [AxisSize] = [.open(blocks), .fixed(configuration.width)]
    return SequencePart(model: stepGraph(), shapes: Dictionary(uniqueKeysWithValues: heard.map { ($0, shape) }))
  }

  func manifest(name: String) -> Manifest {
    var sound = SoundInput(tensor: "bands", sampleRate: 16_000, features: .logMel)
    (sound.window, sound.transform, sound.hop, sound.chunk) = (400, 400, Self.hop, Self.block)
    (sound.bands, sound.highestFrequency, sound.axes) = (configuration.bands, 8000, .framesBands)
    (sound.logFloor, sound.normalisation) = (1e-10, .decades)
    let decoding = StepwiseDecoding(
      framePositions: "frames", handedOn: SequenceNames.heard(layers: configuration.decoderLayers), token: "token", position: "position",
      scores: "scores", rows: SequenceNames.rows(layers: configuration.decoderLayers), capacity: configuration.capacity,
      startToken: configuration.startToken, endTokens: configuration.endTokens,
      // The model's authors let it write 224 tokens, however short the sound is: many languages have several tokens a word. English has fewer than
      // 7 a second.
      tokensPerSecond: configuration.rules.prompt.count > 1 ? 0 : 7.5, spareTokens: configuration.rules.prompt.count > 1 ? 224 : 8, vocabulary: vocabulary,
      rules: configuration.rules)
    return Manifest(name: name, version: "1", task: .transcription, sound: sound, decoding: .stepwise(decoding))
  }

  private func linear(_ x: String, _ layer: WhisperWeights.Layer, _ graph: inout LayerGraph) -> String {
    graph.linear(x, layer.weight, bias: layer.bias)
  }

  private func normalised(_ x: String, _ layer: WhisperWeights.Layer, _ graph: inout LayerGraph) -> String {
    graph.normalised(x, layer.weight, shift: layer.bias)
  }

  /// The second half of a layer: every row for itself.
  private func forward(_ x: String, _ layer: WhisperWeights.EncoderLayer, _ graph: inout LayerGraph) -> String {
    let inner = graph.add("Gelu", [linear(normalised(x, layer.forwardNorm, &graph), layer.first, &graph)])
    return graph.add("Add", [x, linear(inner, layer.second, &graph)])
  }

  // MARK: Encoder

  private func encoderGraph(row: Int64) -> ONNXModel {
    var graph = LayerGraph(name: "encoder")
    let bands = graph.input("bands", .float32, [.symbol("blocks"), .size(Int(row))])
    let frames = graph.input("frames", .int64, [.symbol("blocks")])
    // Two frames a row become one each; a convolution goes over bands as channels.
    var x = graph.transposed(graph.reshaped(bands, to: [1, -1, Int64(configuration.bands)]), [0, 2, 1])
    for (layer, stride) in zip(weights.stem, [1, 2] as [Int64]) {
      x = graph.add("Gelu", [graph.convolution(x, layer.weight, bias: layer.bias, stride: stride, padding: 1)])
    }
    let positions = graph.add("Gather", [graph.constant(weights.encoderPositions.name, weights.encoderPositions.tensor), frames])
    x = graph.add("Add", [graph.squeezed(graph.transposed(x, [0, 2, 1])), positions])
    for layer in weights.encoder {
      let y = normalised(x, layer.attentionNorm, &graph)
      let (query, key) = (linear(y, layer.attention.query, &graph), graph.linear(y, layer.attention.key))
      let found = graph.attention(query, key, linear(y, layer.attention.value, &graph), heads: configuration.encoderHeads)
      x = forward(graph.add("Add", [x, linear(found, layer.attention.output, &graph)]), layer, &graph)
    }
    x = normalised(x, weights.encoderNorm, &graph)
    graph.output(x, as: "heard")
    for (index, layer) in weights.decoder.enumerated() {
      graph.output(graph.linear(x, layer.hearing.key), as: "heard_keys.\(index)")
      graph.output(linear(x, layer.hearing.value, &graph), as: "heard_values.\(index)")
    }
    return graph.model
  }

  // MARK: Decoder

  /// One token further: a row of each layer's keys and values is made, and the scores of the next token.
  private func stepGraph() -> ONNXModel {
    var graph = LayerGraph(name: "step")
    let (heads, width, capacity) = (configuration.decoderHeads, configuration.width, configuration.capacity)
    let token = graph.input("token", .int64, [.size(1)])
    let position = graph.input("position", .int64, [.size(1)])
    let embedding = graph.add("Gather", [graph.constant(weights.embedding.name, weights.embedding.tensor), token])
    let place = graph.add("Gather", [graph.constant(weights.decoderPositions.name, weights.decoderPositions.tensor), position])
    var x = graph.add("Add", [embedding, place])
    for (index, layer) in weights.decoder.enumerated() {
      let attention = layer.own.attention
      let y = normalised(x, layer.own.attentionNorm, &graph)
      let (query, key, value) = (linear(y, attention.query, &graph), graph.linear(y, attention.key), linear(y, attention.value, &graph))
      graph.output(graph.unsqueezed(key), as: "keys.\(index)")
      graph.output(graph.unsqueezed(value), as: "values.\(index)")
      let past: [ONNXDimension] = [.size(1), .size(capacity), .size(width)]
      let keys = graph.input("past_keys.\(index)", .float32, past)
      let values = graph.input("past_values.\(index)", .float32, past)
      let found = graph.attention(query, past: (keys, values), own: (key, value), count: position, heads: heads)
      x = graph.add("Add", [x, linear(found, attention.output, &graph)])

      let heard: [ONNXDimension] = [.symbol("length"), .size(width)]
      let question = linear(normalised(x, layer.hearingNorm, &graph), layer.hearing.query, &graph)
      let answer = graph.attention(
        question, graph.input("heard_keys.\(index)", .float32, heard), graph.input("heard_values.\(index)", .float32, heard), heads: heads)
      x = forward(graph.add("Add", [x, linear(answer, layer.hearing.output, &graph)]), layer.own, &graph)
    }
    graph.output(graph.linear(normalised(x, weights.decoderNorm, &graph), weights.embedding), as: "scores")
    return graph.model
  }
}
