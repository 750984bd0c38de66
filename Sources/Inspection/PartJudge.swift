import Pipelines

/// Parts on their way from entry to exit, each judged once.
///
/// A part ends with a verdict of `pass` only where it was followed from the entry to the exit, was seen in enough frames, and no rule that rejects held.
/// Everything else ends as `reject` or `unjudged`.
struct PartJudge {
  /// Parts on their way at once; one more is unjudged at its exit.
  static let limit = 16

  private struct Part {
    let number: UInt64
    let track: UInt64
    let deadline: MonotonicInstant
    var seenAt: MonotonicInstant
    var views = 0
    /// Frames since it was seen last.
    var unseen = 0
    /// Whether it may be another one than entered.
    var isDoubtful = false
    var rule = -1
    /// Whether it entered in this frame.
    var isNew = true
    /// In this frame; nil where it isn't seen.
    var thing = -1
  }

  /// By how much of its size, at each side, a part's box is enlarged to find what belongs to it.
  private static let margin: Float = 0.1

  private let settings: PartSettings
  private let rules: [RuleSettings]
  /// Frames in which a part must have been seen.
  private let leastViews: Int
  private var parts: [Part] = []
  private var strays = StrayParts()
  /// Of each part in the table and each rule.
  private var frames = [RecentFrames](repeating: RecentFrames(), count: limit * InspectionSettings.ruleLimit)
  private var lastNumber: UInt64 = 0
  private var lastFrame: UInt64?

  init(_ settings: PartSettings, rules: [RuleSettings]) {
    (self.settings, self.rules) = (settings, rules)
    // In fewer a rule that asks for more couldn't have held.
    leastViews = rules.reduce(settings.views) { $1.rejects ? max($0, $1.frames) : $0 }
    parts.reserveCapacity(Self.limit)
  }

  /// When `expire` has something to do.
  var deadline: MonotonicInstant? {
    var first: MonotonicInstant?
    for at in 0..<parts.count where first.map({ parts[at].deadline < $0 }) ?? true { first = parts[at].deadline }
    return first
  }

  // MARK: - One frame, one part

  /// Judges a frame's part, and notes those whose frames never came.
  /// - Parameters:
  ///   - scene: nil where the model computed nonsense.
  ///   - isComplete: whether all is in it that was found.
  mutating func judge(
    _ scene: borrowing Scene?, _ plan: borrowing InspectionPlan, frame: UInt64, at moment: MonotonicInstant, isComplete: Bool = true,
    into outcomes: inout [PartOutcome]
  ) {
    noteMissed(upTo: frame, into: &outcomes)
    lastNumber += 1
    var outcome = PartOutcome(number: lastNumber, verdict: .pass, moment: moment, views: 1)
    switch scene {
    case .some(let scene):
      for rule in 0..<rules.count where rules[rule].rejects && plan.rules[rule].when.holds(in: scene) {
        (outcome.verdict, outcome.rule) = (.reject, rule)
        break
      }
      if outcome.verdict == .pass, !isComplete { (outcome.verdict, outcome.obstacle) = (.unjudged, .tooManyThings) }
    case .none: (outcome.verdict, outcome.obstacle, outcome.views) = (.unjudged, .modelFault, 0)
    }
    outcomes.append(outcome)
  }

  private mutating func noteMissed(upTo frame: UInt64, into outcomes: inout [PartOutcome]) {
    if let lastFrame, frame > lastFrame + 1 {
      let missed = frame - lastFrame - 1
      lastNumber += missed
      outcomes.append(PartOutcome(number: lastNumber, verdict: .unjudged, obstacle: .missedFrame, count: missed))
    }
    lastFrame = frame
  }

  // MARK: - From entry to exit

  /// Takes in what a frame shows of the parts: opens those that entered, and says of each thing whose it is.
  /// - Parameters:
  ///   - region: the bit of the region in which parts enter; 0 where that is a line.
  ///   - isComplete: whether all is in the scene that was found; else it is no view.
  mutating func follow(
    _ scene: inout Scene, label: Int, entry: UInt32, region: UInt32 = 0, at now: MonotonicInstant, isComplete: Bool = true
  ) {
    strays.beginFrame(at: now)
    for at in 0..<parts.count { (parts[at].thing, parts[at].isNew) = (-1, false) }
    for thing in 0..<scene.things.count where scene.things[thing].label == label && scene.things[thing].track != 0 {
      var part = position(of: scene.things[thing].track)
      if part == nil, scene.things[thing].crossings & entry != 0, parts.count < Self.limit {
        lastNumber += 1
        parts.append(Part(number: lastNumber, track: scene.things[thing].track, deadline: now.advanced(by: settings.patience), seenAt: now))
        part = parts.count - 1
        for rule in 0..<rules.count { frames[(parts.count - 1) * InspectionSettings.ruleLimit + rule].clear() }
      }
      guard let part else {
        let isNew = scene.things[thing].isReported && scene.things[thing].regions & region != 0
        strays.see(scene.things[thing].track, until: now.advanced(by: settings.patience), isNew: isNew)
        continue
      }
      (parts[part].thing, parts[part].seenAt) = (thing, now)
      if isComplete { (parts[part].views, parts[part].unseen) = (parts[part].views + 1, 0) }
      (scene.things[thing].owner, scene.things[thing].neighbours) = (Int32(part), 1 << UInt32(part))
    }
    doubtAppeared(in: scene, label: label, at: now)
    noteUnseen(all: !isComplete)
    for thing in 0..<scene.things.count where scene.things[thing].owner < 0 {
      if let part = nearestPart(to: scene.things[thing].centre, scene) { scene.things[thing].owner = Int32(part) }
      for at in 0..<parts.count where parts[at].thing >= 0 && scene.things[thing].overlaps(scene.things[parts[at].thing], enlargedBy: Self.margin) {
        scene.things[thing].neighbours |= 1 << UInt32(at)
      }
    }
  }

  /// What enters by appearing in a region may be another one under another number: one that is about and isn't seen, or one on which it lies, of which
  /// only one number will be left.
  private mutating func doubtAppeared(in scene: borrowing Scene, label: Int, at now: MonotonicInstant) {
    var isAnyHidden = strays.isAnyHidden(at: now)
    for at in 0..<parts.count where parts[at].thing < 0 { isAnyHidden = true }
    for at in 0..<parts.count where parts[at].isNew && parts[at].thing >= 0 && scene.things[parts[at].thing].crossings & Doors.appeared != 0 {
      if isAnyHidden || liesOnAnother(parts[at].thing, scene, label: label) { parts[at].isDoubtful = true }
    }
  }

  /// Whether its box overlaps that of one which was there before.
  private func liesOnAnother(_ thing: Int, _ scene: borrowing Scene, label: Int) -> Bool {
    for other in 0..<scene.things.count where other != thing && scene.things[other].label == label && scene.things[other].track != 0 {
      guard scene.things[other].crossings & Doors.appeared == 0 else { continue }
      if scene.things[thing].overlaps(scene.things[other], enlargedBy: 0) { return true }
    }
    return false
  }

  /// A frame that nobody could look at.
  mutating func passOver() { noteUnseen(all: true) }

  private mutating func noteUnseen(all: Bool) {
    for at in 0..<parts.count where all || parts[at].thing < 0 {
      parts[at].unseen += 1
      if parts[at].unseen > settings.greatestGap { parts[at].isDoubtful = true }
    }
  }

  /// Of what a frame shows, how much rejects parts, or helps to, and is on none.
  func unowned(in scene: borrowing Scene, _ plan: borrowing InspectionPlan, label: Int) -> Int {
    var count = 0
    for thing in 0..<scene.things.count where scene.things[thing].label != label && scene.things[thing].owner < 0 && scene.things[thing].neighbours == 0 {
      for rule in 0..<rules.count where rules[rule].rejects && plan.rules[rule].when.means(scene.things[thing]) {
        count += 1
        break
      }
    }
    return count
  }

  private func position(of track: UInt64) -> Int? {
    for at in 0..<parts.count where parts[at].track == track { return at }
    return nil
  }

  /// Of the parts whose boxes hold the point, the one whose centre is nearest.
  private func nearestPart(to point: FramePoint, _ scene: borrowing Scene) -> Int? {
    var (best, least): (Int?, Float) = (nil, .infinity)
    for at in 0..<parts.count where parts[at].thing >= 0 {
      let part = scene.things[parts[at].thing]
      let (dx, dy) = (point.x - part.centre.x, point.y - part.centre.y)
      guard abs(dx) <= part.width / 2, abs(dy) <= part.height / 2, dx * dx + dy * dy < least else { continue }
      (best, least) = (at, dx * dx + dy * dy)
    }
    return best
  }

  /// Applies the rules to each part that was seen, and judges those that have left.
  mutating func judge(
    _ scene: borrowing Scene, _ plan: borrowing InspectionPlan, label: Int, exit: UInt32, into outcomes: inout [PartOutcome]
  ) {
    for at in 0..<parts.count where parts[at].thing >= 0 {
      for rule in 0..<rules.count where rules[rule].rejects {
        let slot = at * InspectionSettings.ruleLimit + rule
        // Narrowly, so that a neighbour's mark isn't taken for its own that is missing; widely, so that a defect at its edge isn't overlooked.
        let when = plan.rules[rule].when
        frames[slot].add(
          when.holds(in: scene, owner: Scene.Owner(part: at, isWide: false)) || when.holds(in: scene, owner: Scene.Owner(part: at, isWide: true)))
        if parts[at].rule < 0, frames[slot].holds(rules[rule].hits, of: rules[rule].frames) { parts[at].rule = rule }
      }
    }
    for thing in 0..<scene.things.count where scene.things[thing].label == label && scene.things[thing].crossings & exit != 0 {
      leave(scene.things[thing].track, at: scene.things[thing].crossedAt, into: &outcomes)
    }
  }

  private mutating func leave(_ track: UInt64, at moment: MonotonicInstant?, into outcomes: inout [PartOutcome]) {
    guard let at = position(of: track) else {
      strays.leave(track)
      lastNumber += 1
      outcomes.append(PartOutcome(number: lastNumber, verdict: .unjudged, obstacle: .unseenEntry, moment: moment))
      return
    }
    let part = parts[at]
    var outcome = PartOutcome(number: part.number, verdict: .pass, moment: moment, views: part.views)
    if part.rule >= 0 {
      (outcome.verdict, outcome.rule) = (.reject, part.rule)
    } else if part.isDoubtful {
      (outcome.verdict, outcome.obstacle) = (.unjudged, .lost)
    } else if part.isNew || part.views < leastViews {
      (outcome.verdict, outcome.obstacle) = (.unjudged, .tooFewViews)
    }
    outcomes.append(outcome)
    remove(at)
  }

  private mutating func remove(_ at: Int) {
    let last = parts.count - 1
    for rule in 0..<InspectionSettings.ruleLimit where at != last {
      frames[at * InspectionSettings.ruleLimit + rule] = frames[last * InspectionSettings.ruleLimit + rule]
    }
    parts[at] = parts[last]
    parts.removeLast()
  }

  // MARK: - Parts that don't come to the exit

  /// Gives up the parts whose time is over.
  mutating func expire(at now: MonotonicInstant, into outcomes: inout [PartOutcome]) {
    var at = 0
    while at < parts.count {
      guard parts[at].deadline <= now else {
        at += 1
        continue
      }
      giveUp(at, .lost, into: &outcomes)
    }
  }

  /// Gives up all of them.
  mutating func giveUpAll(_ obstacle: PartOutcome.Obstacle = .interrupted, into outcomes: inout [PartOutcome]) {
    while !parts.isEmpty { giveUp(parts.count - 1, obstacle, into: &outcomes) }
    // No number is known any more; what is there by then hasn't entered.
    strays.forget()
  }

  /// What it saw is kept, even where its end wasn't seen: bad is bad.
  private mutating func giveUp(_ at: Int, _ obstacle: PartOutcome.Obstacle, into outcomes: inout [PartOutcome]) {
    let part = parts[at]
    outcomes.append(PartOutcome(number: part.number, verdict: part.rule >= 0 ? .reject : .unjudged, obstacle: obstacle, rule: part.rule, views: part.views))
    strays.note(part.track, until: part.seenAt.advanced(by: settings.patience), isSeen: part.thing >= 0)
    remove(at)
    // The bad one is still on its way, perhaps under another's number.
    if part.rule >= 0 { for other in 0..<parts.count { parts[other].isDoubtful = true } }
  }
}
