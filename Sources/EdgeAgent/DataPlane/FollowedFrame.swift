import Imaging
import ObjectDetection
import Pipelines

/// What a pipeline that comes after another looks at in one frame. On the leader's thread; allocates nothing after the first frame of a size.
struct FollowedFrame {
  /// What became of the last frame.
  enum Outcome {
    /// The leader found nothing to look at.
    case nothing
    case judged
    /// There was something, and nobody looked: the pipeline was paused, the frame late or unusable.
    case missed
  }

  /// Smaller parts hold nothing that a model could see.
  private static let leastSide = 4

  var outcome = Outcome.nothing
  private var boxes: [Box] = []
  private(set) var beyondLimit = 0
  private var decoder: JPEGDecoder?
  private var reservedWidth = 0
  /// The label's index in the leader's description, which it is looked up in anew when that changes.
  private var label: (description: PipelineDescription, index: Int?)?

  init() { boxes.reserveCapacity(16) }

  /// What is to be looked at: for whole frames 1 or 0.
  var count: Int { boxes.count }

  /// Another model takes over: the largest parts it has had are of the other.
  mutating func forgetModel() { (reservedWidth, outcome) = (0, .missed) }

  /// Chooses from what the leader found, best first.
  /// - Parameter crops: nil for the whole frame if anything was found.
  mutating func choose(from leader: FrameResult, _ crops: PipelineSettings.Crops?) {
    boxes.removeAll(keepingCapacity: true)
    beyondLimit = 0
    guard let crops else {
      if !leader.detections.isEmpty { boxes.append(Box(x: 0, y: 0, width: Float(leader.frameWidth), height: Float(leader.frameHeight))) }
      return
    }
    let wanted = crops.label.map { index(of: $0, in: leader.pipeline) }
    for found in leader.detections where Double(found.score) >= crops.score {
      if let wanted, wanted != found.label { continue }
      if boxes.count < crops.limit { boxes.append(found.box) } else { beyondLimit += 1 }
    }
  }

  private mutating func index(of name: String, in description: PipelineDescription) -> Int? {
    if let label, label.description === description { return label.index }
    let index = description.labels.firstIndex(of: name)
    label = (description, index)
    return index
  }

  /// Runs the model on each part, and puts the result's detections in order, best first.
  /// - Parameter mayGoOn: asked before each part; the parts that are left are counted where it says no.
  mutating func look(
    at view: ImageView, by processor: FrameProcessor, margin: Double, into result: FrameResult, while mayGoOn: () -> Bool
  ) -> FrameOutcome {
    let begin = MonotonicClock.now()
    guard let whole = pixels(of: view) else { return .unprepared(view.format == .mjpeg ? .damagedImage : .impossibleGeometry) }
    if whole.width > reservedWidth {
      processor.reserve(frameWidth: whole.width)
      reservedWidth = whole.width
    }
    result.timings.preparation = begin.duration(to: MonotonicClock.now())
    result.detections.removeAll(keepingCapacity: true)
    (result.frameWidth, result.frameHeight) = (whole.width, whole.height)
    (result.leftOut, result.modelRuns) = (beyondLimit, 0)
    for (index, box) in boxes.enumerated() {
      guard mayGoOn() else {
        result.leftOut += boxes.count - index
        break
      }
      guard let part = whole.cropped(to: Self.rectangle(box, margin)), part.view.width >= Self.leastSide, part.view.height >= Self.leastSide else {
        result.leftOut += 1
        continue
      }
      let outcome = processor.add(part.view, x: part.x, y: part.y, of: box, to: result)
      guard outcome == .seen else { return outcome }
    }
    result.sortDetections()
    return .seen
  }

  private static func rectangle(_ box: Box, _ margin: Double) -> PixelRectangle {
    func whole(_ value: Float) -> Int { value.isFinite ? Int(min(max(value, -65_536), 65_536)) : 0 }
    let (x, y) = (box.x - box.width * Float(margin), box.y - box.height * Float(margin))
    let (right, bottom) = (box.x + box.width * Float(1 + margin), box.y + box.height * Float(1 + margin))
    let (left, top) = (whole(x.rounded(.down)), whole(y.rounded(.down)))
    return PixelRectangle(x: left, y: top, width: whole(right.rounded(.up)) - left, height: whole(bottom.rounded(.up)) - top)
  }

  /// The frame where its pixels lie; a JPEG is decoded first.
  private mutating func pixels(of view: ImageView) -> ImageView? {
    guard view.format == .mjpeg else { return view.fault == nil ? view : nil }
    if decoder == nil { decoder = try? JPEGDecoder() }
    guard let decoder, view.fault == nil else { return nil }
    let file = unsafe UnsafeRawBufferPointer(start: view.planes.0.base, count: view.planes.0.byteCount)
    guard case .decoded(let width, let height, _, _) = unsafe decoder.decode(file, toleratesMissingEnd: true) else { return nil }
    return unsafe ImageView(format: .rgb24, width: width, height: height, bytesPerLine: 3 * width, bytes: decoder.pixels)
  }
}

extension FrameResult {
  /// Best first, in place: of several parts' detections.
  fileprivate func sortDetections() {
    for index in detections.indices.dropFirst() {
      let found = detections[index]
      var place = index
      while place > 0, detections[place - 1].score < found.score {
        detections[place] = detections[place - 1]
        place -= 1
      }
      detections[place] = found
    }
  }
}
