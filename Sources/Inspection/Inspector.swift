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
    /// Detections that a rejecting rule means and that were on no part, over all frames.
    public var unowned: UInt64 = 0
    /// Frames that had more things than could be kept.
    public var overfull: UInt64 = 0

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
  /// The highest number of a track under the models before.
  private var lastIdentity: UInt64 = 0
  private var trails: Trails
  private var rhythm = FrameRhythm()
  private var scene = Scene()
  private var states: [RuleState]
  private var judge: PartJudge?
  private let ignored: UInt32
  private let (entry, exit): (UInt32, UInt32)
  private let exitLine: Int
  private let entryRegion: UInt32
  private let doors: Doors

  public init(_ settings: InspectionSettings, _ plan: InspectionPlan) {
    (self.settings, self.plan) = (settings, plan)
    trails = Trails(lineCount: settings.lines.count)
    states = settings.rules.map { _ in RuleState() }
    judge = settings.parts.map { PartJudge($0, rules: settings.rules) }
    ignored = settings.regions.indices.reduce(0) { settings.ignored.contains(settings.regions[$1].name) ? $0 | 1 << UInt32($1) : $0 }
    var (first, last, doors) = (-1, -1, Doors())
    if case .tracked(_, let entry, let exit) = settings.parts?.kind {
      first = settings.lines.firstIndex { $0.name == entry } ?? -1
      last = settings.lines.firstIndex { $0.name == exit } ?? -1
      if first < 0 { doors.entry = settings.regions.first { $0.name == entry } }
      if last < 0 { doors.exit = settings.regions.first { $0.name == exit } }
    }
    let region = doors.entry.flatMap { entry in settings.regions.firstIndex { $0.name == entry.name } }
    entryRegion = region.map { 1 << UInt32($0) } ?? 0
    entry = first >= 0 ? 1 << UInt32(first) : doors.entry == nil ? 0 : Doors.entered
    exit = last >= 0 ? 1 << UInt32(last) : doors.exit == nil ? 0 : Doors.left
    if let parts = settings.parts { doors.earlyFrames = parts.greatestGap + 1 }
    (exitLine, self.doors) = (last, doors)
    scene.things.reserveCapacity(Self.thingLimit)
    identities.reserveCapacity(Self.thingLimit)
    ruleEvents.reserveCapacity(InspectionSettings.ruleLimit * 2)
    outcomes.reserveCapacity(InspectionSettings.outcomeLimit)
    tracker = Self.tracker(settings, plan)
  }

  private static func tracker(_ settings: InspectionSettings, _ plan: InspectionPlan, after last: UInt64 = 0) -> ObjectTracker? {
    guard let tracking = settings.tracking, !plan.isClassification else { return nil }
    var chosen = ObjectTracker.Settings(goodScore: plan.threshold)
    (chosen.poorScore, chosen.keptFrames, chosen.goodOverlap) = (min(tracking.leastScore, plan.threshold), tracking.keptFrames, tracking.leastOverlap)
    return ObjectTracker(chosen, after: last)
  }

  /// Another model looks from now on. Parts on their way are given up; rules under way go on. Allocates.
  public func adopt(_ plan: InspectionPlan) {
    begin()
    judge?.giveUpAll(into: &outcomes)
    count()
    self.plan = plan
    lastIdentity = tracker?.lastIdentity ?? lastIdentity
    tracker = Self.tracker(settings, plan, after: lastIdentity)
    trails.forget()
  }

  /// Decides about a frame.
  ///
  /// - Parameters:
  ///   - detections: best first, in the frame's pixels; what counts for nothing is taken out.
  ///   - isSound: whether the model computed numbers; where it didn't nothing is decided by what it found.
  ///   - isComplete: whether all that was found is among the detections; where it isn't no part passes for what the frame shows.
  public func inspect(
    _ detections: inout [Detection], frame: UInt64, capturedAt: MonotonicInstant, width: Int, height: Int, isSound: Bool = true, isComplete: Bool = true
  ) {
    begin()
    identities.removeAll(keepingCapacity: true)
    defer { count() }
    let isTriggered = settings.parts?.kind == .trigger
    // The camera was away, or began anew: nothing is where it was. A triggered one has no rhythm.
    if !rhythm.goesOn(to: frame, at: capturedAt), !isTriggered {
      tracker?.forget()
      trails.forget()
      judge?.giveUpAll(.lost, into: &outcomes)
    }
    guard isSound else {
      if isTriggered { judge?.judge(nil, plan, frame: frame, at: capturedAt, into: &outcomes) } else { judge?.passOver() }
      judge?.expire(at: capturedAt, into: &outcomes)
      return
    }
    let size = (Float(max(1, width)), Float(max(1, height)))
    keep(&detections, size)
    let dropped = tracker?.droppedCount
    tracker?.update(detections, frame: frame)
    let isComplete = isComplete && tracker?.droppedCount == dropped && !hasMoreThanFits(detections)
    if !isComplete { counters.overfull += 1 }
    look(at: detections, size, frame, capturedAt)
    report(&detections)
    if let label = plan.partLabel { judge?.follow(&scene, label: label, entry: entry, region: entryRegion, at: capturedAt, isComplete: isComplete) }
    applyRules(at: capturedAt)
    if isTriggered { judge?.judge(scene, plan, frame: frame, at: capturedAt, isComplete: isComplete, into: &outcomes) }
    if let label = plan.partLabel {
      counters.unowned += UInt64(judge?.unowned(in: scene, plan, label: label) ?? 0)
      judge?.judge(scene, plan, label: label, exit: exit, into: &outcomes)
    }
    judge?.expire(at: capturedAt, into: &outcomes)
  }

  /// A frame of the camera that nobody looked at, though it was this pipeline's turn.
  public func passOver() { judge?.passOver() }

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

  /// Leaves out what only continues tracks: the last, for they come best first.
  private func report(_ detections: inout [Detection]) {
    while !detections.isEmpty, detections[detections.count - 1].score < plan.threshold { detections.removeLast() }
    if identities.count > detections.count { identities.removeLast(identities.count - detections.count) }
  }

  /// Whether there are things to report beyond what can be looked at.
  private func hasMoreThanFits(_ detections: [Detection]) -> Bool {
    detections.count > Self.thingLimit && detections[Self.thingLimit].score >= plan.threshold
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
    trails.beginFrame()
    if let tracker { for at in 0..<detections.count { identities.append(at < tracker.identities.count ? tracker.identities[at] : 0) } }
    for at in 0..<min(detections.count, Self.thingLimit) {
      let (found, centre) = (detections[at], Self.centre(detections[at].box, size))
      var thing = Scene.Thing(
        label: found.label, score: found.score, width: found.box.width / size.width, height: found.box.height / size.height, centre: centre)
      if !plan.isClassification { thing.regions = regions(around: centre) }
      thing.isReported = found.score >= plan.threshold
      if at < identities.count, identities[at] != 0 {
        thing.track = identities[at]
        // What isn't reported crosses its line when it is again.
        if !settings.lines.isEmpty || !doors.isEmpty, thing.isReported {
          (thing.crossings, thing.crossedAt) = trails.move(identities[at], to: centre, at: now, frame: frame, settings.lines, marked: exitLine, doors)
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
