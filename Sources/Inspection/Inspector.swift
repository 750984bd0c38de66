public import ObjectDetection
public import Pipelines

/// Decides about frames: leaves out what counts for nothing, follows what stays, and applies the rules to it and to the parts that it shows.
///
/// All memory is taken when it is made; after that nothing allocates, throws or waits. One thread at a time.
public final class Inspector {
  /// Of a frame at most; more things count for nothing, the worst first.
  static let thingLimit = ObjectTracker.detectionLimit

  /// What it has counted since it was made.
  public struct Counters: Equatable, Sendable {
    public var passed: UInt64 = 0
    public var rejected: UInt64 = 0
    public var unjudged: UInt64 = 0
    /// Begins of rules.
    public var begun: UInt64 = 0

    public init() {}
  }

  public let settings: InspectionSettings
  /// Of each detection that `inspect` left, the number of its track; 0 without one. Empty without tracking.
  public private(set) var identities: [UInt64] = []
  /// What the last call decided.
  public private(set) var ruleEvents: [RuleEvent] = []
  public private(set) var outcomes: [PartOutcome] = []
  public private(set) var counters = Counters()
  /// Crossings of each line, in the settings' order.
  public var crossings: [UInt64] { trails.counts }

  private var plan: InspectionPlan
  private var tracker: ObjectTracker?
  private var trails: Trails
  private var lastFrame: UInt64?
  private var scene = Scene()
  private var states: [RuleState]
  private var judge: PartJudge?
  private let ignored: UInt32
  private let (entry, exit): (UInt32, UInt32)
  private let exitLine: Int

  public init(_ settings: InspectionSettings, _ plan: InspectionPlan) {
    (self.settings, self.plan) = (settings, plan)
    trails = Trails(lineCount: settings.lines.count)
    states = settings.rules.map { _ in RuleState() }
    judge = settings.parts.map { PartJudge($0, rules: settings.rules) }
    ignored = settings.regions.indices.reduce(0) { settings.ignored.contains(settings.regions[$1].name) ? $0 | 1 << UInt32($1) : $0 }
    var (first, last) = (-1, -1)
    if case .tracked(_, let entry, let exit) = settings.parts?.kind {
      first = settings.lines.firstIndex { $0.name == entry } ?? -1
      last = settings.lines.firstIndex { $0.name == exit } ?? -1
    }
    (entry, exit, exitLine) = (first < 0 ? 0 : 1 << UInt32(first), last < 0 ? 0 : 1 << UInt32(last), last)
    scene.things.reserveCapacity(Self.thingLimit)
    identities.reserveCapacity(Self.thingLimit)
    ruleEvents.reserveCapacity(InspectionSettings.ruleLimit * 2)
    outcomes.reserveCapacity(InspectionSettings.outcomeLimit)
    tracker = Self.tracker(settings, plan)
  }

  private static func tracker(_ settings: InspectionSettings, _ plan: InspectionPlan) -> ObjectTracker? {
    guard let tracking = settings.tracking, !plan.isClassification else { return nil }
    var chosen = ObjectTracker.Settings(goodScore: plan.threshold)
    (chosen.poorScore, chosen.keptFrames, chosen.goodOverlap) = (min(tracking.leastScore, plan.threshold), tracking.keptFrames, tracking.leastOverlap)
    return ObjectTracker(chosen)
  }

  /// Another model looks from now on. Parts on their way are given up; rules under way go on. Allocates.
  public func adopt(_ plan: InspectionPlan) {
    begin()
    judge?.giveUpAll(into: &outcomes)
    count()
    self.plan = plan
    tracker = Self.tracker(settings, plan)
    trails.forget()
  }

  /// Decides about a frame.
  ///
  /// - Parameters:
  ///   - detections: best first, in the frame's pixels; what counts for nothing is taken out.
  ///   - isSound: whether the model computed numbers; where it didn't nothing is decided by what it found.
  public func inspect(
    _ detections: inout [Detection], frame: UInt64, capturedAt: MonotonicInstant, width: Int, height: Int, isSound: Bool = true
  ) {
    begin()
    identities.removeAll(keepingCapacity: true)
    defer { count() }
    guard isSound else {
      if settings.parts?.kind == .trigger { judge?.judge(nil, plan, frame: frame, at: capturedAt, into: &outcomes) }
      judge?.expire(at: capturedAt, into: &outcomes)
      return
    }
    // The camera began anew: nothing is where it was.
    if let lastFrame, frame <= lastFrame { trails.forget() }
    lastFrame = frame
    let size = (Float(max(1, width)), Float(max(1, height)))
    keep(&detections, size)
    tracker?.update(detections, frame: frame)
    report(&detections)
    look(at: detections, size, frame, capturedAt)
    if let label = plan.partLabel { judge?.follow(&scene, label: label, entry: entry, at: capturedAt) }
    applyRules(at: capturedAt)
    if settings.parts?.kind == .trigger { judge?.judge(scene, plan, frame: frame, at: capturedAt, into: &outcomes) }
    if let label = plan.partLabel { judge?.judge(scene, plan, label: label, exit: exit, into: &outcomes) }
    judge?.expire(at: capturedAt, into: &outcomes)
  }

  /// When `expire` has something to do, though no frame comes; nil where nothing waits.
  public var deadline: MonotonicInstant? { judge?.deadline }

  /// Gives up parts whose time is over.
  public func expire(at now: MonotonicInstant) {
    begin()
    judge?.expire(at: now, into: &outcomes)
    count()
  }

  /// No frame will come any more, or none for long: what is under way ends.
  public func interrupt() {
    begin()
    judge?.giveUpAll(into: &outcomes)
    for rule in 0..<states.count where states[rule].cutShort() { ruleEvents.append(RuleEvent(rule: rule, kind: .cutShort, evidence: -1)) }
    tracker?.forget()
    trails.forget()
    count()
  }

  private func begin() {
    ruleEvents.removeAll(keepingCapacity: true)
    outcomes.removeAll(keepingCapacity: true)
  }

  private func count() {
    for at in 0..<outcomes.count {
      switch outcomes[at].verdict {
      case .pass: counters.passed += outcomes[at].count
      case .reject: counters.rejected += outcomes[at].count
      case .unjudged: counters.unjudged += outcomes[at].count
      }
    }
  }
}

/// The steps of a frame.
extension Inspector {
  /// Leaves out what is too small, and what lies where nothing counts.
  private func keep(_ detections: inout [Detection], _ size: (width: Float, height: Float)) {
    guard !plan.isClassification, ignored != 0 || settings.minimumArea > 0 else { return }
    var kept = 0
    for at in 0..<detections.count {
      let box = detections[at].box
      guard box.area / (size.width * size.height) >= settings.minimumArea, regions(around: Self.centre(box, size)) & ignored == 0 else { continue }
      detections[kept] = detections[at]
      kept += 1
    }
    detections.removeLast(detections.count - kept)
  }

  /// Leaves out what only continues tracks.
  private func report(_ detections: inout [Detection]) {
    guard let tracker else { return }
    var kept = 0
    for at in 0..<detections.count where detections[at].score >= plan.threshold {
      detections[kept] = detections[at]
      identities.append(at < tracker.identities.count ? tracker.identities[at] : 0)
      kept += 1
    }
    detections.removeLast(detections.count - kept)
  }

  private static func centre(_ box: Box, _ size: (width: Float, height: Float)) -> FramePoint {
    FramePoint(x: (box.x + box.width / 2) / size.width, y: (box.y + box.height / 2) / size.height)
  }

  private func regions(around point: FramePoint) -> UInt32 {
    var bits: UInt32 = 0
    for at in 0..<settings.regions.count where settings.regions[at].contains(point) { bits |= 1 << UInt32(at) }
    return bits
  }

  private func look(at detections: [Detection], _ size: (width: Float, height: Float), _ frame: UInt64, _ now: MonotonicInstant) {
    scene.things.removeAll(keepingCapacity: true)
    for at in 0..<min(detections.count, Self.thingLimit) {
      let (found, centre) = (detections[at], Self.centre(detections[at].box, size))
      var thing = Scene.Thing(
        label: found.label, score: found.score, width: found.box.width / size.width, height: found.box.height / size.height, centre: centre)
      if !plan.isClassification { thing.regions = regions(around: centre) }
      if at < identities.count, identities[at] != 0 {
        thing.track = identities[at]
        if !settings.lines.isEmpty {
          (thing.crossings, thing.crossedAt) = trails.move(identities[at], to: centre, at: now, frame: frame, settings.lines, marked: exitLine)
        }
      }
      scene.things.append(thing)
    }
  }

  private func applyRules(at now: MonotonicInstant) {
    for rule in 0..<settings.rules.count {
      let condition = plan.rules[rule].when.holds(in: scene)
      let ending = plan.rules[rule].until.map { $0.holds(in: scene) } ?? !condition
      let event = states[rule].advance(
        condition, ending: ending, hits: settings.rules[rule].hits, of: settings.rules[rule].frames, cooldown: settings.rules[rule].cooldown, at: now)
      guard let event else { continue }
      if event == .begin { counters.begun += 1 }
      ruleEvents.append(RuleEvent(rule: rule, kind: event, evidence: event == .begin ? plan.rules[rule].when.evidence(in: scene) ?? -1 : -1))
    }
  }
}
