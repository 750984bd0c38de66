@testable import Capture
import ObjectDetection
import Testing

@testable import swiftlet

private func defect(_ label: String, part: Int, x: Float, visibility: Float = 1) -> GroundTruthBox {
  GroundTruthBox(label: label, classIndex: label == "scratch" ? 0 : 1, part: part, x: x, y: 10, width: 20, height: 20, visibility: visibility)
}

private func found(_ label: Int, x: Float, score: Float = 0.9) -> Detection {
  Detection(label: label, score: score, box: Box(x: x, y: 10, width: 20, height: 20))
}

@Suite struct DemoScoreTests {
  private func score(_ detections: [Detection], _ truth: [GroundTruthBox]) -> DemoScore {
    var score = DemoScore()
    score.add(detections, truth: truth) { ["scratch", "stain"][$0] }
    return score
  }

  @Test func `a box on a defect of its class is a hit`() {
    let score = score([found(0, x: 12)], [defect("scratch", part: 3, x: 10)])
    #expect((score.hits, score.falseAlarms, score.misses) == (1, 0, 0))
    #expect(score.precision == 1 && score.recall == 1)
    #expect(score.caughtParts == [3])
  }

  @Test func `another class or too little overlap is a false alarm and a miss`() {
    for detection in [found(1, x: 10), found(0, x: 25)] {
      let score = score([detection], [defect("scratch", part: 1, x: 10)])
      #expect((score.hits, score.falseAlarms, score.misses) == (0, 1, 1))
      #expect(score.caughtParts.isEmpty && score.defectiveParts == [1])
    }
  }

  @Test func `a second box on one defect is a false alarm`() {
    let score = score([found(0, x: 10), found(0, x: 11, score: 0.5)], [defect("scratch", part: 1, x: 10)])
    #expect((score.hits, score.falseAlarms, score.misses) == (1, 1, 0))
  }

  @Test func `a defect at the edge counts neither way`() {
    let edge = defect("scratch", part: 1, x: 10, visibility: 0.2)
    #expect((score([found(0, x: 10)], [edge]).hits, score([found(0, x: 10)], [edge]).falseAlarms) == (0, 0))
    #expect(score([], [edge]).misses == 0)
  }

  @Test func `good parts are seen and nothing is to be found`() {
    let score = score([], [GroundTruthBox(label: "part", classIndex: nil, part: 9, x: 0, y: 0, width: 50, height: 50, visibility: 1)])
    #expect(score.parts == [9] && score.defectiveParts.isEmpty)
    #expect(score.precision == nil && score.recall == nil && score.partRecall == nil)
  }
}
