using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Selectors;

namespace KubeFlex.Machinery.Tests.Selectors;

public class LabelSelectorTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" a = b , c==d ", "a=b,c==d")]
    [InlineData("b!=c,a", "a,b!=c")]
    [InlineData("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()")]
    [InlineData("!a", "!a")]
    [InlineData("a>5,b<3", "a>5,b<3")]
    [InlineData("a=", "a=")]
    [InlineData("in in (in,notin)", "in in (in,notin)")]
    [InlineData("a in (,)", "a in ()")]
    [InlineData("example.com/a=b", "example.com/a=b")]
    public void Good_selectors_print_canonically(string text, string canonical) => Assert.Equal(canonical, LabelSelector.Parse(text).Value.ToString());

    [Theory]
    [InlineData("a,", "found '', expected: identifier after ','")]
    [InlineData("=b", "found '=', expected: !, identifier, or 'end of string'")]
    [InlineData("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("a=b c", "found 'c', expected: ',' or 'end of string'")]
    [InlineData("!", "unable to parse requirement: found '', expected: identifier")]
    [InlineData("a=(b)", "unable to parse requirement: found '(', expected: identifier")]
    [InlineData("a in b", "unable to parse requirement: found 'b' expected: '('")]
    [InlineData("a in (b", "unable to parse requirement: found '', expected: ',' or ')'")]
    [InlineData("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier")]
    [InlineData("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier")]
    [InlineData("a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer")]
    public void Bad_selectors_are_answered_in_upstreams_words(string text, string message) => Assert.Equal(message, LabelSelector.Parse(text).Error!.Message);

    [Fact]
    public void Keys_and_values_are_checked()
    {
        Assert.StartsWith("unable to parse requirement: <nil>: Invalid value: \"a_\": name part must consist of", LabelSelector.Parse("a_=b").Error!.Message, StringComparison.Ordinal);
        Assert.StartsWith("unable to parse requirement: values[0][a]: Invalid value: \"-\": a valid label must be an empty string or consist of", LabelSelector.Parse("a=-").Error!.Message, StringComparison.Ordinal);
        Assert.Contains("must be no more than 63 bytes", LabelSelector.Parse("a=" + new string('x', 64)).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_give_selectors()
    {
        var selector = LabelSelector.FromObject((JsonObject)JsonNode.Parse("""{"matchLabels":{"a":"1"},"matchExpressions":[{"key":"b","operator":"In","values":["x","y"]},{"key":"c","operator":"DoesNotExist"}]}""")!).Value;
        Assert.Equal("a=1,b in (x,y),!c", selector.ToString());
        Assert.Equal("\"Gt\" is not a valid label selector operator", LabelSelector.FromObject((JsonObject)JsonNode.Parse("""{"matchExpressions":[{"key":"b","operator":"Gt"}]}""")!).Error!.Message);
        Assert.True(LabelSelector.FromObject([]).Value.IsEmpty);
    }

    [Fact]
    public void Scanning_bytes_gives_the_same_answer_as_looking_at_labels_and_printing_parses_back()
    {
        string[] keys = ["a", "b", "c.d/e"], values = ["", "x", "y", "5", "10"];
        var matched = 0;
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            string Key() => keys[random.Next(keys.Length)];
            string Value() => values[random.Next(values.Length)];
            var terms = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(9) switch
            {
                0 => Key(), 1 => "!" + Key(), 2 => $"{Key()}={Value()}", 3 => $"{Key()}=={Value()}", 4 => $"{Key()}!={Value()}",
                5 => $"{Key()} in ({Value()},{Value()})", 6 => $"{Key()} notin ({Value()},{Value()})", 7 => $"{Key()}>5", _ => $"{Key()}<7",
            });
            var selector = LabelSelector.Parse(string.Join(",", terms)).Value;
            var labels = new Dictionary<string, string>();
            for (var i = random.Next(4); i > 0; i--) labels[Key()] = Value();
            var json = new JsonObject { ["kind"] = "X", ["noise"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "x" } }, ["metadata"] = new JsonObject { ["name"] = "n" } };
            if (labels.Count > 0) json["metadata"]!["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
            json["metadata"]!["annotations"] = new JsonObject { ["a"] = "y" };

            var expected = selector.Matches(labels);
            matched += expected ? 1 : 0;
            Assert.True(expected == selector.MatchesJson(KubeJson.ToUtf8(json)), $"seed {seed}: {selector} on {json.ToJsonString()}");
            var again = LabelSelector.Parse(selector.ToString()).Value;
            Assert.True(selector.ToString() == again.ToString() && again.Matches(labels) == expected, $"seed {seed}: {selector}");
        }
        Assert.InRange(matched, 500, 4500);
    }

    [Fact]
    public void An_object_without_metadata_has_no_labels()
    {
        Assert.False(LabelSelector.Parse("a").Value.MatchesJson("{}"u8));
        Assert.True(LabelSelector.Parse("!a,b!=c").Value.MatchesJson("{\"kind\":\"X\"}"u8));
    }
}
