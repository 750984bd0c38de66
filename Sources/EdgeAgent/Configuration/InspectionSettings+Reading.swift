import Inspection
import YAMLReading

/// `pipelines.NAME`: `regions`, `lines`, `ignore`, `minimum_area`, `tracking`, `rules` and `parts`.
extension InspectionSettings {
  /// What the settings are read with.
  struct Surroundings {
    /// Of the model, where it was opened.
    var labels: [String]?
    /// The least score that is reported, where it is known.
    var threshold: Double?
    let encoding: MQTTSettings.Encoding
  }

  static func read(_ map: YAMLMapping, pipeline: String, _ surroundings: Surroundings, _ context: ConfigurationContext) -> InspectionSettings {
    var settings = InspectionSettings()
    settings.regions = map["regions"]?.mapping { readRegions($0) } ?? []
    settings.lines = map["lines"]?.mapping { readLines($0) } ?? []
    // One with a mistake of its own is none that is missing.
    let names = (map["regions"].map(\.keys) ?? [], map["lines"].map(\.keys) ?? [])
    settings.ignored = map["ignore"]?.list { readName($0, of: "region", among: names.0) } ?? []
    if let area = map["minimum_area"]?.float(in: 0...1) { settings.minimumArea = Float(area) }
    settings.tracking = map["tracking"].flatMap { readTracking($0) }
    settings.rules = map["rules"].map { RuleSettings.readList($0, regions: names.0, lines: names.1, surroundings) } ?? []
    settings.parts = map["parts"]?.mapping { PartSettings.read($0, settings, (lines: names.1, regions: names.0), labels: surroundings.labels) }
    settings.checkTogether(map, pipeline, surroundings, context)
    return settings
  }

  private mutating func checkTogether(_ map: YAMLMapping, _ pipeline: String, _ surroundings: Surroundings, _ context: ConfigurationContext) {
    let isTracked = if case .tracked = parts?.kind { true } else { false }
    let needsTracks = isTracked || rules.contains { $0.when.asksForLines || $0.until?.asksForLines == true } || !lines.isEmpty
    if needsTracks, tracking == nil {
      if case .scalar(let scalar) = map["tracking"]?.node.content, scalar.text == "false" {
        map.report("tracking", "pipelines.\(pipeline).tracking: lines and tracked parts need it; remove \"tracking: false\"")
      }
      tracking = Tracking()
    }
    if surroundings.encoding == .sparkplug, let key = ["rules", "parts"].first(where: { map[$0] != nil }) {
      map.report(key, "pipelines.\(pipeline).\(key): events aren't told by Sparkplug in this version; use mqtt.encoding swiftlet, or take them out")
    }
    guard let rule = rules.first(where: \.rejects) else {
      if parts != nil { context.conclude(map["parts"], "pipelines.\(pipeline).parts: no rule rejects, so every part that is seen passes") }
      return
    }
    if map["parts"] == nil {
      map.report("rules", "pipelines.\(pipeline).rules: \(rule.name) rejects, but nothing says what a part is; add \"parts\"")
    } else if parts?.kind == .trigger, let rule = rules.first(where: { $0.rejects && $0.hits > 1 }) {
      map.report("rules", "pipelines.\(pipeline).rules: \(rule.name) needs \(rule.hits) frames, but a part has one (parts: {trigger: frame}); remove \"for\"")
    } else if isTracked, let parts, parts.views > 1, let rule = rules.first(where: { $0.rejects && $0.frames > parts.views }) {
      context.conclude(
        map["parts"],
        "pipelines.\(pipeline).parts.views: \(rule.name) looks at \(rule.frames) frames, so a part must be seen in as many; with fewer it is unjudged")
    }
  }

  private static func readRegions(_ map: YAMLMapping) -> [Region] {
    let named = map.named("region")
    if named.count > Region.limit { map.report(named[Region.limit].name, "regions: at most \(Region.limit)") }
    return named.prefix(Region.limit).compactMap { name, value in
      guard let corners = value.list({ $0.framePoint() }) else { return nil }
      guard 3...Region.cornerLimit ~= corners.count else {
        value.report("\(value.path): expected 3 to \(Region.cornerLimit) corners, as in [[0, 0], [1, 0], [1, 0.5]]; found \(corners.count)")
        return nil
      }
      return Region(name: name, corners: corners)
    }
  }

  private static func readLines(_ map: YAMLMapping) -> [CountLine] {
    let named = map.named("line")
    if named.count > CountLine.limit { map.report(named[CountLine.limit].name, "lines: at most \(CountLine.limit)") }
    return named.prefix(CountLine.limit).compactMap { name, value in
      value.mapping { map in
        let (from, to) = (map.required("from")?.framePoint(), map.required("to")?.framePoint())
        let direction = map["direction"]?.choice(of: CountLine.Direction.self)
        guard let from, let to else { return nil }
        guard from != to else {
          value.report("\(value.path): begins where it ends")
          return nil
        }
        return CountLine(name: name, from: from, to: to, direction: direction ?? .both)
      }
    }
  }

  private static func readTracking(_ value: YAMLValue) -> Tracking? {
    guard value.isMapping else { return value.bool() == true ? Tracking() : nil }
    return value.mapping { map in
      var tracking = Tracking()
      if let frames = map["keep"]?.int(in: 1...1000) { tracking.keptFrames = frames }
      if let score = map["least_score"]?.float(in: 0...1) { tracking.leastScore = Float(score) }
      if let overlap = map["overlap"]?.float(in: 0...0.95) { tracking.leastOverlap = Float(overlap) }
      return tracking
    }
  }

  static func readName(_ value: YAMLValue, of kind: String, among names: [String]) -> String? {
    guard let name = value.string() else { return nil }
    guard names.contains(name) else {
      let known = names.isEmpty ? "there are none; add \"\(kind)s\"" : "known: \(names.joined(separator: ", "))"
      value.report("\(value.path): there is no \(kind) \"\(name)\"; " + (nearestName(to: name, among: names).map { "did you mean \"\($0)\"?" } ?? known))
      return nil
    }
    return name
  }
}

extension YAMLValue {
  /// `[X, Y]`, shares of the frame.
  fileprivate func framePoint() -> FramePoint? {
    guard let numbers = list({ $0.float(in: 0...1) }) else { return nil }
    guard numbers.count == 2 else {
      report("\(path): expected [X, Y], from 0 (left, top) to 1 (right, bottom); found \(numbers.count) numbers")
      return nil
    }
    return FramePoint(x: Float(numbers[0]), y: Float(numbers[1]))
  }
}

/// `pipelines.NAME.rules`: `name`, `when`, `for`, `until`, `cooldown`, `then`.
extension RuleSettings {
  static func readList(
    _ value: YAMLValue, regions: [String], lines: [String], _ surroundings: InspectionSettings.Surroundings
  ) -> [RuleSettings] {
    var number = 0
    let rules =
      value.list { item -> RuleSettings? in
        number += 1
        return item.mapping { read($0, number: number, at: item, regions, lines, surroundings) }
      } ?? []
    if number > InspectionSettings.ruleLimit { value.report("\(value.path): at most \(InspectionSettings.ruleLimit) rules a pipeline") }
    var known: Set<String> = []
    for rule in rules where !known.insert(rule.name).inserted { value.report("\(value.path): two rules are named \"\(rule.name)\"") }
    return rules
  }

  private static func read(
    _ map: YAMLMapping, number: Int, at value: YAMLValue, _ regions: [String], _ lines: [String], _ surroundings: InspectionSettings.Surroundings
  ) -> RuleSettings? {
    let name = map["name"].map { $0.identifier() } ?? "rule-\(number)"
    let when = map.required("when").flatMap { readExpression($0, regions, lines, surroundings) }
    let until = map["until"].flatMap { readExpression($0, regions, lines, surroundings) }
    let frames = map["for"].flatMap(readFrames)
    let cooldown = map["cooldown"]?.duration(in: .zero ... .seconds(86_400))
    let actions = map.required("then")?.list(readAction)
    guard let name, let when, let actions else { return nil }
    if actions.isEmpty { map.report("then", "\(value.path).then: is empty; write [event]") }
    var rule = RuleSettings(name: name, when: when)
    rule.until = until
    if let frames { (rule.hits, rule.frames) = frames }
    if let cooldown { rule.cooldown = cooldown }
    (rule.tells, rule.takesSnapshot, rule.rejects) = (actions.contains(.event), actions.contains(.snapshot), actions.contains(.reject))
    return rule
  }

  private static func readExpression(
    _ value: YAMLValue, _ regions: [String], _ lines: [String], _ surroundings: InspectionSettings.Surroundings
  ) -> Expression? {
    guard let text = value.string() else { return nil }
    var (expression, mistakes) = Expression.read(text, regions: regions, lines: lines, labels: surroundings.labels)
    if let threshold = surroundings.threshold {
      do throws(InspectionError) { try expression?.check(againstThreshold: Float(threshold)) } catch { mistakes.append(error) }
    }
    for mistake in mistakes { value.report("\(value.path): \(mistake.explanation)") }
    return mistakes.isEmpty ? expression : nil
  }

  /// `3 frames`, or `2 of 3 frames`.
  private static func readFrames(_ value: YAMLValue) -> (hits: Int, frames: Int)? {
    guard let text = value.string() else { return nil }
    let words = text.split(separator: " ").map(String.init)
    let numbers = words.filter { $0 != "of" && $0 != "frames" && $0 != "frame" }.compactMap { Int($0) }
    let isWhole = words.count == 2 && numbers.count == 1 && words[1].hasPrefix("frame")
    let isShare = words.count == 4 && numbers.count == 2 && words[1] == "of" && words[3] == "frames"
    guard isWhole || isShare, let hits = numbers.first, let frames = numbers.last, hits >= 1, hits <= frames, frames <= frameLimit else {
      value.report("\(value.path): expected \"3 frames\" or \"2 of 3 frames\", at most \(frameLimit); found \"\(text.prefix(40))\"")
      return nil
    }
    return (hits, frames)
  }

  private enum Action {
    case event, snapshot, reject
  }

  private static func readAction(_ value: YAMLValue) -> Action? {
    if value.isMapping {
      return value.mapping { map in map.required("gate")?.choice(from: [("reject", Action.reject)]) }
    }
    let named = [("event", Action.event), ("snapshot", Action.snapshot)]
    guard case .scalar(let scalar) = value.node.content, nearestName(to: scalar.text, among: named.map(\.0)) == nil else { return value.choice(from: named) }
    value.report("\(value.path): \"\(scalar.text.prefix(40))\" is not known; expected event, snapshot or {gate: reject}, as in [event, {gate: reject}]")
    return nil
  }
}

/// `pipelines.NAME.parts`: `trigger`, or `label`, `entry`, `exit`, `views`, `patience`, `gap`.
extension PartSettings {
  private enum Trigger: String, CaseIterable {
    case frame
  }

  /// - Parameters:
  ///   - places: the pipeline's lines and regions.
  ///   - names: theirs, also of those with a mistake.
  static func read(
    _ map: YAMLMapping, _ places: InspectionSettings, _ names: (lines: [String], regions: [String]), labels: [String]?
  ) -> PartSettings? {
    if let trigger = map["trigger"] {
      for key in ["label", "entry", "exit", "views", "patience", "gap"] where map[key] != nil {
        map.report(key, "parts: with \"trigger\" each frame is a part; remove \"\(key)\"")
      }
      return trigger.choice(of: Trigger.self).map { _ in PartSettings(.trigger) }
    }
    let label = map.required("label").flatMap { value in
      labels.map { InspectionSettings.readName(value, of: "class", among: $0) } ?? value.string()
    }
    let entry = map.required("entry").flatMap { readDoor($0, places, names) }
    let exit = map.required("exit").flatMap { value in
      let name = readDoor(value, places, names)
      if name != nil, name == entry { value.report("\(value.path): is the entry, too") }
      return name
    }
    for (key, name) in [("entry", entry), ("exit", exit)] where places.lines.first(where: { $0.name == name })?.direction == .both {
      map.report(key, "parts.\(key): the line \"\(name ?? "")\" needs a direction, so that a part that trembles on it counts once")
    }
    let views = map["views"]?.int(in: 1...1000)
    let patience = map["patience"]?.duration(in: .milliseconds(100) ... .seconds(3600))
    let gap = map["gap"]?.int(in: 0...1000)
    guard let label, let entry, let exit else { return nil }
    var parts = PartSettings(.tracked(label: label, entry: entry, exit: exit))
    if let views { parts.views = views }
    if let patience { parts.patience = patience }
    if let gap { parts.greatestGap = gap }
    return parts
  }

  /// A line or a region, by its name.
  private static func readDoor(_ value: YAMLValue, _ places: InspectionSettings, _ names: (lines: [String], regions: [String])) -> String? {
    let (lines, regions) = names
    guard let name = value.string() else { return nil }
    guard lines.contains(name) || regions.contains(name) else {
      let known = lines + regions
      let hint = known.isEmpty ? "there are none; add \"lines\" or \"regions\"" : "known: \(known.joined(separator: ", "))"
      value.report("\(value.path): there is no line or region \"\(name)\"; " + (nearestName(to: name, among: known).map { "did you mean \"\($0)\"?" } ?? hint))
      return nil
    }
    if lines.contains(name), regions.contains(name) { value.report("\(value.path): \"\(name)\" is a line and a region; name one of them otherwise") }
    if places.ignored.contains(name), !lines.contains(name) { value.report("\(value.path): \"\(name)\" is a region in which nothing counts (\"ignore\")") }
    return name
  }
}
