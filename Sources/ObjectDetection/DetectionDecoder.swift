public import Imaging
public import ModelFormat
public import ModelManifest

/// Makes detections of a model's outputs: decodes the head, drops low scores, suppresses duplicates and maps boxes to the frame.
///
/// Everything is checked and all memory is taken when it is made; decoding neither throws nor allocates, unless `suppression` is
/// given a higher limit or an earlier result is still held (arrays are copied when shared). One thread at a time.
public final class DetectionDecoder {
  /// Candidates before suppression that one frame may have; beyond it the lowest scores go, and are counted.
  public static let maximumCandidateCount = 8192

  /// What the last decoded frame had, best first.
  public private(set) var detections: [Detection] = []
  /// Candidates of the last frame that found no room before suppression.
  public var droppedCandidateCount: Int { candidates.droppedCount }
  /// Whether the last frame's outputs had infinities or what is no number, or made boxes that have: such a model computes nonsense,
  /// and mostly finds nothing.
  public private(set) var hasNonFiniteValues = false
  /// Detections of the last frame beyond the limit.
  public private(set) var droppedDetectionCount = 0
  /// Thresholds and limit; the recipe's at first. Evaluation sets its own.
  public var suppression: Suppression {
    didSet { reserve() }
  }
  /// Whether frames are classified as a whole.
  public let isClassification: Bool

  private let head: any DetectionHead
  private let readers: [OutputReader]
  private var candidates: CandidateBuffer
  private var kept: [Candidate] = []

  /// - Parameters:
  ///   - labelCount: labels of the manifest; 0 where it has none.
  ///   - inputWidth, inputHeight: pixels of the model's input.
  ///   - outputs: all outputs of the model, in the order that `decode` asks for them.
  /// - Throws: an error that names the output which is missing or doesn't fit, and what would.
  public init(decoding: Decoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]) throws(ObjectDetectionError) {
    guard 1...65536 ~= inputWidth, 1...65536 ~= inputHeight else {
      throw ObjectDetectionError(.invalidDecoding, "an input of \(inputWidth)×\(inputHeight) pixels is impossible: give the model's width and height")
    }
    head = try Self.head(of: decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    isClassification = head is ClassificationHead
    readers = head.readers
    suppression = head.suppression
    guard suppression.limit > 0, suppression.scoreThreshold.isFinite, suppression.overlapThreshold >= 0, suppression.overlapThreshold <= 1 else {
      throw ObjectDetectionError(.invalidDecoding, "suppression needs a limit above 0, a score threshold, and an overlap threshold from 0 to 1")
    }
    candidates = CandidateBuffer(capacity: min(head.candidateCount, Self.maximumCandidateCount))
    reserve()
  }

  private static func head(
    of decoding: Decoding, labelCount: Int, inputWidth: Int, inputHeight: Int, outputs: [ModelOutput]
  ) throws(ObjectDetectionError) -> any DetectionHead {
    switch decoding {
    case .classification(let decoding):
      try ClassificationHead(decoding, labelCount: labelCount, outputs: outputs)
    case .yolox(let decoding):
      try YOLOXHead(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .yolov5(let decoding) where decoding.anchors.isEmpty:
      try YOLOv5Head(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .yolov5(let decoding):
      try YOLOv5GridHead(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .yolov8(let decoding):
      try YOLOv8Head(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .distribution(let decoding):
      try DistributionHead(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .fastestdet(let decoding):
      try FastestDetHead(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .ssd(let decoding):
      try SSDHead(decoding, labelCount: labelCount, inputWidth: inputWidth, inputHeight: inputHeight, outputs: outputs)
    case .ctc, .stepwise: throw ObjectDetectionError(.invalidDecoding, "the decoding writes down speech, not images: the recipe's task is transcription")
    case .voiceActivity: throw ObjectDetectionError(.invalidDecoding, "voice activity is heard, not seen: the recipe's task is voice-activity")
    }
  }

  /// A program's decoder, as its manifest declares it; nil where the manifest has no decoding.
  public convenience init?(manifest: Manifest, program: Program) throws(ObjectDetectionError) {
    guard let decoding = manifest.decoding, let input = manifest.input else { return nil }
    try self.init(
      decoding: decoding, labelCount: manifest.labels.count, inputWidth: input.width, inputHeight: input.height, outputs: ModelOutput.all(of: program))
  }

  /// Decodes one frame into `detections`.
  /// - Parameters:
  ///   - mapping: of the prepared frame.
  ///   - threshold: the lowest score that counts; `suppression.scoreThreshold` where nil.
  ///   - tensors: gives the bytes of an output by its position among the outputs; they are read inside this call only.
  /// - Precondition: each output has at least the bytes of its tensor description.
  public func decode(mapping: FrameMapping, threshold: Float? = nil, tensors: (Int) -> UnsafeRawBufferPointer) {
    // Loops on this path run over indices: in debug builds an array's iterator allocates.
    hasNonFiniteValues = false
    for at in readers.indices {
      let bytes = unsafe tensors(readers[at].index)
      precondition(bytes.count >= readers[at].byteCount)
      if unsafe readers[at].hasNonFiniteValue(bytes) { hasNonFiniteValues = true }
    }
    candidates.removeAll()
    unsafe head.collect(into: &candidates, threshold: threshold ?? suppression.scoreThreshold, tensors: tensors)
    if candidates.nonFiniteCount > 0 { hasNonFiniteValues = true }
    candidates.sort()
    detections.removeAll(keepingCapacity: true)
    droppedDetectionCount = 0
    if isClassification { takeBest(mapping) } else { suppress(mapping) }
  }

  private func takeBest(_ mapping: FrameMapping) {
    let frame = Box(x: 0, y: 0, width: Float(mapping.frameWidth), height: Float(mapping.frameHeight))
    for at in 0..<min(suppression.limit, candidates.candidates.count) {
      let candidate = candidates.candidates[at]
      detections.append(Detection(label: Int(candidate.label), score: candidate.score, box: frame))
    }
    droppedDetectionCount = max(0, candidates.candidates.count - suppression.limit)
  }

  /// Greedy: from the best on, a candidate stays unless it overlaps one that stays. Boxes are compared in input pixels, before
  /// they are clipped.
  private func suppress(_ mapping: FrameMapping) {
    kept.removeAll(keepingCapacity: true)
    for at in candidates.candidates.indices {
      let candidate = candidates.candidates[at]
      var stays = true
      for other in kept.indices where !suppression.isClassWise || kept[other].label == candidate.label {
        if candidate.overlaps(kept[other], above: suppression.overlapThreshold) {
          stays = false
          break
        }
      }
      guard stays, let box = mapping.clippedBox(candidate) else { continue }
      guard kept.count < suppression.limit else {
        droppedDetectionCount += 1
        continue
      }
      kept.append(candidate)
      detections.append(Detection(label: Int(candidate.label), score: candidate.score, box: box))
    }
  }

  private func reserve() {
    let most = min(max(suppression.limit, 0), candidates.capacity)
    detections.reserveCapacity(most)
    kept.reserveCapacity(most)
  }
}

extension FrameMapping {
  /// The part of a candidate's box that lies in the frame, in frame pixels; nil where nothing does.
  func clippedBox(_ candidate: Candidate) -> Box? {
    let left = min(max(frameX(candidate.x1), 0), Float(frameWidth))
    let top = min(max(frameY(candidate.y1), 0), Float(frameHeight))
    let right = min(max(frameX(candidate.x2), 0), Float(frameWidth))
    let bottom = min(max(frameY(candidate.y2), 0), Float(frameHeight))
    guard right > left, bottom > top else { return nil }
    return Box(x: left, y: top, width: right - left, height: bottom - top)
  }
}
