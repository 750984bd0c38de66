import Pipelines

/// What a frame shows, as rules ask for it.
struct Scene {
  /// Whose detections are meant: a part by its place in the judge's table.
  struct Owner {
    var part: Int
    /// Whether what only lies near it counts, too: then a thing may be of several parts.
    var isWide: Bool
  }

  struct Thing {
    var label: Int
    var score: Float
    /// As shares of the frame.
    var width: Float
    var height: Float
    var centre: FramePoint
    /// Whether its score is at least the threshold. Others only continue tracks, and no selection means them.
    var isReported = true
    /// Bits: the regions that its centre is in, and the lines that its track crossed since the frame before.
    var regions: UInt32 = 0
    var crossings: UInt32 = 0
    /// 0 without one.
    var track: UInt64 = 0
    /// The part that it is, or on which its centre lies; -1 on none.
    var owner: Int32 = -1
    /// Bits of the parts that it touches, or nearly so.
    var neighbours: UInt32 = 0
    /// When it crossed the line at which parts leave, in this frame.
    var crossedAt: MonotonicInstant?

    var area: Float { width * height }

    func belongs(to owner: Owner) -> Bool { owner.isWide ? neighbours & (1 << UInt32(owner.part)) != 0 : self.owner == Int32(owner.part) }

    /// Whether its box overlaps another's that is enlarged by a share of its size at each side.
    func overlaps(_ other: Thing, enlargedBy share: Float) -> Bool {
      abs(centre.x - other.centre.x) <= width / 2 + other.width * (0.5 + share)
        && abs(centre.y - other.centre.y) <= height / 2 + other.height * (0.5 + share)
    }
  }

  /// Best first.
  var things: [Thing] = []
}
