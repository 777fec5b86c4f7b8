using KubeFlex.Storage.Engine;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Engine;

public sealed class VersionTreeTests
{
    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    public void Any_mix_of_changes_leaves_a_sorted_counted_tree_and_older_trees_alone(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, KeyValue>(StringComparer.Ordinal);
        var tree = VersionTree.Empty;
        var (kept, keptKeys) = (tree, "");
        for (var step = 0; step < 20_000; step++)
        {
            var key = $"{random.Next(5000):x4}";
            // Growing first, shrinking later, so that leaves split, join and vanish.
            if (random.Next(20_000) > step)
            {
                var item = new KeyValue { Key = B(key), Value = [], CreateRevision = 0, ModRevision = step, Version = random.Next(4) };
                (tree, model[key]) = (tree.With(item), item);
            }
            else
            {
                tree = tree.Without(B(key));
                model.Remove(key);
            }
            if (step == 9_000) (kept, keptKeys) = (tree, Keys(model));
            if (step % 997 != 0) continue;
            Assert.Equal(Keys(model), Keys(tree, "\0", "\0"));
            var (from, to) = ($"{random.Next(5000):x4}", $"{random.Next(5000):x4}");
            var inside = model.Where(pair => string.CompareOrdinal(pair.Key, from) >= 0 && string.CompareOrdinal(pair.Key, to) < 0).ToList();
            Assert.Equal(string.Join(' ', inside.Select(pair => pair.Key)), Keys(tree, from, to));
            Assert.Equal(inside.Count(pair => !pair.Value.Deleted), tree.Count(new(B(from), B(to))));
            Assert.Equal(model.GetValueOrDefault(key), tree.Find(B(key)));
        }
        Assert.Equal(keptKeys, Keys(kept, "\0", "\0"));
        foreach (var key in model.Keys) tree = tree.Without(B(key));
        Assert.Equal("", Keys(tree, "\0", "\0"));
        Assert.Equal(Keys(model), Keys(VersionTree.Build([.. model.Values]), "\0", "\0"));
    }

    private static string Keys(SortedDictionary<string, KeyValue> model) => string.Join(' ', model.Keys);

    private static string Keys(VersionTree tree, string from, string to)
    {
        var collect = new Collect { Keys = [] };
        tree.Visit(new KeyRange(B(from), B(to)), ref collect);
        return string.Join(' ', collect.Keys);
    }

    private struct Collect : IVersionVisitor
    {
        public List<string> Keys;

        public readonly bool Visit(KeyValue head)
        {
            Keys.Add(S(head.Key));
            return true;
        }
    }
}
