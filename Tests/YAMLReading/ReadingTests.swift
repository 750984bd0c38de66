import Testing
import YAMLReading

/// What reading one value gives, and the mistakes it records.
private func read<Result>(_ text: String, _ body: (YAMLMapping) -> Result?) throws -> (result: Result?, mistakes: [String]) {
  let mistakes = YAMLMistakes(file: "f.yaml")
  let result = try YAMLNode.parse(Array(text.utf8), file: "f.yaml").readMapping(mistakes, body)
  return (result, mistakes.sorted.map(\.description))
}

private enum Fit: String, CaseIterable { case letterbox, stretch }

@Suite struct ReadingTests {
  @Test func `every kind of value is read`() throws {
    let text = """
      name: no
      count: 3
      share: 0.5
      on: true
      fit: stretch
      wait: 500 ms
      room: 256 MB
      size: 1280x720
      id: line-3_top
      labels: [yes, "3", 4]
      """
    let (_, mistakes) = try read(text) { map -> Void? in
      #expect(map["name"]?.string() == "no")
      #expect(map["count"]?.int(in: 1...3) == 3)
      #expect(map["share"]?.float(in: 0...1) == 0.5)
      #expect(map["on"]?.bool() == true)
      #expect(map["fit"]?.choice(of: Fit.self) == .stretch)
      #expect(map["wait"]?.duration() == .milliseconds(500))
      #expect(map["room"]?.byteCount() == 256_000_000)
      #expect(map["size"]?.size()?.width == 1280)
      #expect(map["size"]?.size()?.height == 720)
      #expect(map["id"]?.identifier() == "line-3_top")
      #expect(map["labels"]?.list { $0.string() } == ["yes", "3", "4"])
      #expect(map["absent"] == nil)
      return ()
    }
    #expect(mistakes == [])
  }

  @Test(arguments: [("2 s", Duration.seconds(2)), ("1.5 min", .seconds(90)), ("250us", .microseconds(250)), ("1 h", .seconds(3600))])
  func `durations carry their unit`(text: String, expected: Duration) throws {
    #expect(try read("a: \(text)") { $0["a"]?.duration() }.result == expected)
  }

  @Test(arguments: [("1 KiB", 1024), ("1.5 kB", 1500), ("2GiB", 2_147_483_648), ("7 B", 7)])
  func `byte counts carry their unit`(text: String, expected: Int) throws {
    #expect(try read("a: \(text)") { $0["a"]?.byteCount() }.result == expected)
  }

  @Test(arguments: ["500", "ms", "-2 s", "1 fortnight", "inf s", "\"\"", "[1]", "99999999999 s"])
  func `a time without a proper unit is a mistake`(text: String) throws {
    let (result, mistakes) = try read("a: \(text)") { $0["a"]?.duration() }
    #expect(result == nil)
    #expect(mistakes.count == 1 && mistakes[0].contains("units: us, ms, s, min, h, d"), "\(mistakes)")
  }

  @Test(arguments: ["nan", "inf", "0x10", "\"0.5\"", "1.5", "-0.1", "{}", "1e400"])
  func `a number outside its range or notation is a mistake`(text: String) throws {
    let (result, mistakes) = try read("a: \(text)") { $0["a"]?.float(in: 0...1) }
    #expect(result == nil)
    #expect(mistakes.count == 1)
    #expect(mistakes.first?.contains("expected a number from 0 to 1") == true)
  }

  @Test(arguments: ["1280", "1280x", "0x720", "1280x720x3", "1280X720", "-1x5", "99999x1"])
  func `a size that is none is a mistake`(text: String) throws {
    #expect(try read("a: \(text)") { $0["a"]?.size().map { $0.width } }.mistakes.count == 1)
  }

  @Test(arguments: ["a b", "ä", "\"\"", "a/b", "a+", "#"])
  func `an identifier holds letters, digits, dashes and underscores alone`(text: String) throws {
    #expect(try read("a: \(text)") { $0["a"]?.identifier() }.mistakes.count == 1)
  }

  @Test func `a mistyped key is named with the nearest valid one`() throws {
    let (_, mistakes) = try read("size: 1x1\nfram_rate: 30\n") { map -> Void? in
      _ = map["size"]?.size()
      _ = map["frame_rate"]?.int()
      return ()
    }
    #expect(mistakes == ["f.yaml:2: unknown key \"fram_rate\"; did you mean \"frame_rate\"?"])
  }

  @Test func `a key far from all lists what is known`() throws {
    let (_, mistakes) = try read("zzz: 1\n") { map -> Void? in
      _ = map["size"]
      return ()
    }
    #expect(mistakes == ["f.yaml:1: unknown key \"zzz\"; known here: size"])
  }

  @Test func `a missing key is a mistake, a mistyped one only once`() throws {
    #expect(try read("{}") { $0.required("camera")?.string() }.mistakes == ["f.yaml:1: \"camera\" is missing"])
    #expect(try read("camrea: x") { $0.required("camera")?.string() }.mistakes == ["f.yaml:1: unknown key \"camrea\"; did you mean \"camera\"?"])
  }

  @Test func `a mistyped choice is named with the nearest valid one`() throws {
    let (_, mistakes) = try read("fit: strech") { $0["fit"]?.choice(of: Fit.self) }
    #expect(mistakes == ["f.yaml:1: fit: \"strech\" is not known; did you mean \"stretch\"?"])
  }

  @Test func `all mistakes are found at once, in the file's order`() throws {
    let (_, mistakes) = try read("b: x\na: {deep: y, other: 1}\nc: 1\n") { map -> Void? in
      _ = map["a"]?.mapping { $0["deep"]?.int() }
      _ = map["b"]?.bool()
      return ()
    }
    #expect(
      mistakes == [
        "f.yaml:1: b: expected true or false, found \"x\"", "f.yaml:2: a.deep: expected a whole number, found \"y\"",
        "f.yaml:2: unknown key \"other\" in a; known here: deep", "f.yaml:3: unknown key \"c\"; known here: a, b",
      ])
  }

  @Test func `chosen names are checked`() throws {
    let (result, mistakes) = try read("top: 1\n\"a b\": 2\n") { $0.named("camera").map(\.name) }
    #expect(result == ["top"])
    #expect(mistakes.count == 1)
  }

  @Test func `a list with a wrong item is a mistake at the item`() throws {
    let (result, mistakes) = try read("a:\n  - 1\n  - x\n") { $0["a"]?.list { $0.int() } }
    #expect(result == nil)
    #expect(mistakes == ["f.yaml:3: a[1]: expected a whole number, found \"x\""])
  }

  @Test(arguments: [("teh", "the"), ("thresold", "threshold"), ("Camera", "camera"), ("url", nil), ("x", nil)] as [(String, String?)])
  func `the nearest name is found by edit distance`(typed: String, expected: String?) {
    #expect(nearestName(to: typed, among: ["the", "threshold", "camera"]) == expected)
  }
}
