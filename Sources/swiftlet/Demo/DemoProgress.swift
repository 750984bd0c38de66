import EdgeAgent

/// All that the demo shows, at one moment.
struct DemoProgress {
  var elapsed = Duration.zero
  /// What runs, in a few words.
  var title = ""
  /// Parts now in view with their true defects.
  var onTheLine: [String] = []
  /// Detections of the last frame with their scores.
  var found: [String] = []
  var score = DemoScore()
  var statistics = PipelineStatistics.Snapshot()
  /// Processed frames a second over the last moments.
  var frameRate = 0.0
  /// Frames that the camera had no room for.
  var missed: UInt64 = 0
  /// Where results went.
  var destinations: [String] = []
}
