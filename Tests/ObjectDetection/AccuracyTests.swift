import Foundation
import ObjectDetection
import Testing

func box(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Box { Box(x: x, y: y, width: width, height: height) }

@Suite struct DetectionAccuracyTests {
  @Test func `perfect detections score one, none score nothing`() {
    var accuracy = DetectionAccuracy()
    #expect(accuracy.meanAveragePrecision50 == 0)
    let truth = [LabelledBox(label: 3, box: box(10, 10, 20, 20)), LabelledBox(label: 5, box: box(50, 10, 20, 30))]
    accuracy.add(truth.map { Detection(label: $0.label, score: 0.9, box: $0.box) }, truth: truth)
    #expect(accuracy.meanAveragePrecision50 == 1 && accuracy.meanAveragePrecision50To95 == 1)
    accuracy.add([], truth: [])
    #expect(accuracy.meanAveragePrecision50 == 1 && accuracy.imageCount == 2)
  }

  @Test func `average precision is read off the falling curve at 101 recalls`() {
    // In order of score: right, wrong, right; two of four boxes. Precision 1 to recall 0.25, 2/3 to recall 0.5, then 0.
    var accuracy = DetectionAccuracy()
    let truth = (0..<4).map { LabelledBox(label: 0, box: box(Float(100 * $0), 0, 10, 10)) }
    accuracy.add(
      [
        Detection(label: 0, score: 0.9, box: truth[0].box), Detection(label: 0, score: 0.8, box: box(50, 50, 10, 10)),
        Detection(label: 0, score: 0.7, box: truth[1].box),
      ], truth: truth)
    #expect(abs(accuracy.meanAveragePrecision50 - (26 * 1 + 25 * 2.0 / 3) / 101) < 1e-12)
    #expect(accuracy.counts(threshold: 0.75).precision == 0.5)
    #expect(accuracy.counts(threshold: 0).recall == 0.5)
  }

  @Test func `a second detection of one box is wrong`() {
    var accuracy = DetectionAccuracy()
    let truth = [LabelledBox(label: 0, box: box(0, 0, 10, 10))]
    accuracy.add([Detection(label: 0, score: 0.5, box: truth[0].box), Detection(label: 0, score: 0.9, box: truth[0].box)], truth: truth)
    #expect(accuracy.meanAveragePrecision50 == 1)
    let counts = accuracy.counts(threshold: 0)
    #expect(counts.truePositives == 1 && counts.falsePositives == 1 && counts.falseNegatives == 0)
  }

  @Test func `classes that occur nowhere don't count, detections of another class are wrong`() {
    var accuracy = DetectionAccuracy()
    accuracy.add(
      [Detection(label: 7, score: 0.9, box: box(0, 0, 10, 10))], truth: [LabelledBox(label: 0, box: box(0, 0, 10, 10))])
    #expect(accuracy.presentLabels == [0] && accuracy.meanAveragePrecision50 == 0)
    #expect(accuracy.counts(threshold: 0).falsePositives == 1)
    #expect(accuracy.averagePrecision50(label: 7) == nil)
  }

  @Test func `overlap decides at which thresholds a box is found`() {
    // 10 × 10 against 10 × 8 inside: overlap 0.8, found at 0.5 … 0.8: 7 of 10 thresholds.
    var accuracy = DetectionAccuracy()
    accuracy.add([Detection(label: 0, score: 0.9, box: box(0, 0, 10, 8.01))], truth: [LabelledBox(label: 0, box: box(0, 0, 10, 10))])
    #expect(abs(accuracy.meanAveragePrecision50To95 - 0.7) < 1e-12)
  }

  @Test func `scores are ranked over all images`() {
    var accuracy = DetectionAccuracy()
    let truth = [LabelledBox(label: 0, box: box(0, 0, 10, 10))]
    accuracy.add([Detection(label: 0, score: 0.6, box: truth[0].box)], truth: truth)
    accuracy.add([Detection(label: 0, score: 0.8, box: box(50, 50, 5, 5))], truth: truth)
    // Wrong first, then right: precision 1/2 to recall 1/2.
    #expect(abs(accuracy.meanAveragePrecision50 - 51 * 0.5 / 101) < 1e-12)
  }

  @Test func `running counts take each box once`() {
    var counts = DetectionCounts()
    let truth = [LabelledBox(label: 0, box: box(0, 0, 10, 10)), LabelledBox(label: 1, box: box(40, 0, 10, 10))]
    counts.add(
      [Detection(label: 0, score: 0.9, box: box(0, 0, 10, 9)), Detection(label: 0, score: 0.8, box: box(0, 0, 10, 10))], truth: truth)
    #expect(counts.truePositives == 1 && counts.falsePositives == 1 && counts.falseNegatives == 1)
    #expect(counts.precision == 0.5 && counts.recall == 0.5)
    #expect(DetectionCounts().precision == 1 && DetectionCounts().recall == 1)
  }
}

@Suite struct ClassificationAccuracyTests {
  @Test func `the first and the first five are counted`() {
    var accuracy = ClassificationAccuracy()
    func ranking(_ labels: [Int]) -> [Detection] { labels.map { Detection(label: $0, score: 0.1, box: box(0, 0, 1, 1)) } }
    accuracy.add(ranking([4, 1, 2]), truth: 4)
    accuracy.add(ranking([1, 2, 3, 5, 4]), truth: 4)
    accuracy.add(ranking([1, 2, 3, 5, 6, 4]), truth: 4)
    accuracy.add([], truth: 4)
    #expect(accuracy.top1 == 0.25 && accuracy.top5 == 0.5 && accuracy.imageCount == 4)
  }
}

@Suite struct AccuracyConformanceTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")

  /// Random boxes and detections scored by pycocotools (`Tests/Conformance/make_vision_cases.py`).
  @Test(arguments: 0..<5) func `scores are those of pycocotools`(number: Int) throws {
    let text = try String(contentsOf: Self.folder.appendingPathComponent("accuracy_\(number).txt"), encoding: .utf8)
    var expected: [Double] = []
    var imageCount = 0
    var truths: [Int: [LabelledBox]] = [:]
    var detections: [Int: [Detection]] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      let numbers = fields.dropFirst().compactMap { Double($0) }
      let floats = numbers.map { Float($0) }
      switch fields[0] {
      case "expected": expected = numbers
      case "images": imageCount = Int(numbers[0])
      case "t": truths[Int(numbers[0]), default: []].append(LabelledBox(label: Int(numbers[1]), box: box(floats[2], floats[3], floats[4], floats[5])))
      default:
        detections[Int(numbers[0]), default: []].append(
          Detection(label: Int(numbers[1]), score: floats[2], box: box(floats[3], floats[4], floats[5], floats[6])))
      }
    }
    var accuracy = DetectionAccuracy()
    for image in 0..<imageCount { accuracy.add(detections[image] ?? [], truth: truths[image] ?? []) }
    #expect(abs(accuracy.meanAveragePrecision50 - expected[0]) < 1e-9)
    #expect(abs(accuracy.meanAveragePrecision50To95 - expected[1]) < 1e-9)
  }
}
