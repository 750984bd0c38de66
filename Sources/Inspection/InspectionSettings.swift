public import Pipelines

/// What is to be decided about a pipeline's frames. The names that it uses are there, and no limit is exceeded.
public struct InspectionSettings: Equatable, Sendable {
  /// Of a pipeline at most.
  public static let ruleLimit = 32
  /// Outcomes of one frame at most.
  public static let outcomeLimit = PartJudge.limit + Inspector.thingLimit

  public var regions: [Region] = []
  public var lines: [CountLine] = []
  /// Regions in which detections count for nothing.
  public var ignored: [String] = []
  /// Smaller detections count for nothing; a share of the frame.
  public var minimumArea: Float = 0
  /// Whether things keep a number from frame to frame, and how.
  public var tracking: Tracking?
  public var rules: [RuleSettings] = []
  public var parts: PartSettings?

  public init() {}

  /// Whether there is nothing to do.
  public var isEmpty: Bool { self == InspectionSettings() }

  /// How things are followed.
  public struct Tracking: Equatable, Sendable {
    /// Frames for which something that isn't seen keeps its number.
    public var keptFrames = 30
    /// The least score of a box that may continue a track, though it isn't reported.
    public var leastScore: Float = 0.1
    /// Least overlap of a box with where its track should be.
    public var leastOverlap: Float = 0.2

    public init() {}
  }
}

/// A rule: what begins an event, what ends it, and what follows.
public struct RuleSettings: Equatable, Sendable {
  /// Most frames that `frames` may ask for.
  public static let frameLimit = 60

  public var name: String
  public var when: Expression
  /// What ends it; nil where it ends when `when` doesn't hold any more.
  public var until: Expression?
  /// In how many of the last frames a condition must hold.
  public var hits = 1
  public var frames = 1
  /// After its end it doesn't begin again for so long.
  public var cooldown = Duration.zero
  /// Whether its begin and end are told, and whether a picture is sent at its begin.
  public var tells = true
  public var takesSnapshot = false
  /// Whether a part on which `when` holds is to be rejected.
  public var rejects = false

  public init(name: String, when: Expression) { (self.name, self.when) = (name, when) }
}

/// What a part is, and how it is judged.
public struct PartSettings: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// Each frame shows one part: the camera is triggered.
    case trigger
    /// What is tracked under this class, from one line or region to another.
    case tracked(label: String, entry: String, exit: String)
  }

  public var kind: Kind
  /// In how many frames a part must have been seen to be judged; at least as many as the longest `for` of a rule that rejects asks for.
  public var views = 1
  /// For how many of the pipeline's frames a part may be unseen; longer, and another may have taken its number.
  public var greatestGap = 3
  /// A part that isn't judged so long after its entry is unjudged.
  public var patience = Duration.seconds(5)

  public init(_ kind: Kind) { self.kind = kind }
}

/// A rule's begin or end.
public struct RuleEvent: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case begin, end
    /// It was under way when the pipeline ended.
    case cutShort
  }

  /// Position in the settings.
  public var rule: Int
  public var kind: Kind
  /// Position among the frame's detections of what made it begin; -1 where it is something that isn't there.
  public var evidence: Int
}

/// What was decided about a part, or that nothing could be.
public struct PartOutcome: Equatable, Sendable {
  public enum Verdict: String, Sendable {
    case pass, reject, unjudged
  }

  /// Why there is no verdict.
  public enum Obstacle: String, Sendable {
    case none
    /// It was seen in too few frames.
    case tooFewViews = "too_few_views"
    /// It was lost between entry and exit, or the camera was, or another part was that had a defect, which may be this one.
    case lost
    /// It came to the exit without having been seen at the entry.
    case unseenEntry = "unseen_entry"
    /// A frame showed more than could be kept, so that something may be missing.
    case tooManyThings = "too_many_things"
    /// Its frame never came to the model.
    case missedFrame = "missed_frame"
    /// The model computed what is no number.
    case modelFault = "model_fault"
    /// The model was replaced, or the pipeline ended or was paused.
    case interrupted
  }

  /// Counted by the pipeline since its start, from 1.
  public var number: UInt64
  public var verdict: Verdict
  public var obstacle = Obstacle.none
  /// The rule that rejects it; -1 where none does.
  public var rule = -1
  /// When it was at the exit, or its frame was taken; nil where nobody knows.
  public var moment: MonotonicInstant?
  public var views = 0
  /// Parts that it stands for: missed frames come together.
  public var count: UInt64 = 1
}
