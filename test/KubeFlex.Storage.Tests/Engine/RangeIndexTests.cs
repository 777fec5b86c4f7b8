using KubeFlex.Storage.Engine;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Engine;

public sealed class RangeIndexTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Finds_exactly_the_ranges_that_hold_a_key(int seed)
    {
        var random = new Random(seed);
        string Word() => $"{random.Next(300):x3}";
        for (var round = 0; round < 30; round++)
        {
            var groups = Enumerable.Range(0, random.Next(0, 60))
                .Select(_ => new WatchGroup(new(B(Word()), random.Next(4) switch { 0 => null, 1 => B("\0"), _ => B(Word()) }))).ToList();
            var index = new RangeIndex(groups);
            for (var probe = 0; probe < 100; probe++)
            {
                var key = B(Word());
                var found = new List<WatchGroup>();
                index.Find(key, found);
                Assert.Equal(groups.Where(group => group.Range.Contains(key)).ToHashSet(), found.ToHashSet());
                Assert.Equal(found.Count, found.Distinct().Count());
            }
        }
    }
}
