import ModelManifest
public import Tensors
import YAMLReading

extension RecipeReading {
  /// `{input: value}`, a value being a number, true or false, or a list of them.
  func constants(_ value: YAMLValue?) -> [String: HostTensor] {
    value?.mapping { mapping -> [String: HostTensor] in
      var constants: [String: HostTensor] = [:]
      for (name, value) in mapping.all {
        let texts = value.isSequence ? value.list { $0.string() } : value.string().map { [$0] }
        guard let texts else { continue }
        guard let tensor = HostTensor(constants: texts, isScalar: !value.isSequence) else {
          value.report("constants.\(name): expected a number, true or false, or a list of them")
          continue
        }
        constants[name] = tensor
      }
      return constants
    } ?? [:]
  }

  /// A list of `{input: NAME, output: NAME}`.
  func states(_ value: YAMLValue?) -> [StateBinding] {
    value?.list { item in
      item.mapping { mapping -> StateBinding? in
        let input = mapping.required("input")?.string()
        let output = mapping.required("output")?.string()
        guard let input, let output else { return nil }
        return StateBinding(input: input, output: output)
      }
    } ?? []
  }
}

extension HostTensor {
  /// A constant as people write it: `16000`, `0.5`, `true`, or several of a kind with commas between them. Whole numbers are
  /// int64, others float64; nil for anything else.
  public init?(constant text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    self.init(constants: parts, isScalar: parts.count == 1)
  }

  init?(constants texts: [String], isScalar: Bool) {
    guard !texts.isEmpty else { return nil }
    let dimensions = isScalar ? [] : [texts.count]
    let numbers = texts.map { text -> String in
      switch text {
      case "true": "1"
      case "false": "0"
      default: text
      }
    }
    let whole = numbers.compactMap { Int64($0) }
    if whole.count == numbers.count {
      self.init(whole, dimensions: dimensions)
      return
    }
    let real = numbers.compactMap { Double($0) }
    guard real.count == numbers.count, real.allSatisfy(\.isFinite) else { return nil }
    self.init(real, dimensions: dimensions)
  }
}
