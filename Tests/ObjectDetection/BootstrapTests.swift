import ModelManifest
import ObjectDetection
import Testing

@Suite struct BootstrapTests {
  @Test func `a share's interval is the binomial one, and the same each time`() {
    // 80 of 100: standard error 0.04.
    var accuracy = ClassificationAccuracy()
    for index in 0..<100 { accuracy.add([Detection(label: index < 80 ? 1 : 0, score: 1, box: box(0, 0, 1, 1))], truth: 1) }
    let interval = Bootstrap.interval(imageCount: 100, accuracy.resampled())
    #expect((0.70...0.74).contains(interval.lowerBound) && (0.86...0.90).contains(interval.upperBound))
    #expect(Bootstrap.interval(imageCount: 100, accuracy.resampled()) == interval)
    #expect(Bootstrap.interval(imageCount: 100, seed: 2, accuracy.resampled()) != interval)
  }

  @Test func `every image once is the metric itself`() {
    var detection = DetectionAccuracy()
    let truth = [LabelledBox(label: 0, box: box(0, 0, 10, 10)), LabelledBox(label: 1, box: box(30, 0, 10, 10))]
    detection.add([Detection(label: 0, score: 0.6, box: truth[0].box)], truth: truth)
    detection.add([Detection(label: 0, score: 0.8, box: box(50, 50, 5, 5))], truth: [truth[0]])
    let value = detection.resampled()
    #expect(value([1, 1]) == detection.meanAveragePrecision50)
    // The first image alone: class 0 is found, class 1 is not.
    #expect(value([3, 0]) == 0.5)
    // The second alone: class 1 isn't there to be found.
    #expect(value([0, 1]) == 0 && value([0, 0]) == 0)
  }

  @Test func `images differ by what one model finds and the other doesn't`() {
    let a = Detection(label: 0, score: 0.8, box: box(0, 0, 10, 10))
    let b = Detection(label: 1, score: 0.4, box: box(50, 0, 10, 10))
    #expect(Disagreement.between([a, b], [a, b], task: .detection) < 1e-6)
    #expect(Disagreement.between([a], [], task: .detection) == 1)
    #expect(Disagreement.between([], [], task: .detection) == 0)
    #expect(abs(Disagreement.between([a, b], [a], task: .detection) - 0.2) < 1e-6)
    #expect(Disagreement.between([a], [b], task: .classification) == 1)
    #expect(abs(Disagreement.between([a], [Detection(label: 0, score: 0.5, box: a.box)], task: .classification) - 0.3) < 1e-6)
  }
}
