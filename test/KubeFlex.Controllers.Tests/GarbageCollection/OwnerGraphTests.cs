using KubeFlex.Controllers.GarbageCollection;
using KubeFlex.Controllers.Objects;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Controllers.Tests.GarbageCollection;

public sealed class OwnerGraphTests(ITestOutputHelper output)
{
    private static readonly GroupVersionKind Kind = new("", "v1", "ConfigMap");

    private static ObjectHead Head(int uid, IEnumerable<int> owners) => new()
    {
        Id = new ObjectId(Kind, "n", $"o{uid}", $"{uid}"),
        Deleting = false,
        Finalizers = [],
        Owners = [.. owners.Select(o => new OwnerReference(Kind, $"o{o}", $"{o}", o % 2 == 0))],
    };

    [Fact]
    public void Agrees_with_a_naive_model_over_random_histories()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var graph = new OwnerGraph();
        var model = new Dictionary<int, int[]>();
        for (var step = 0; step < 5000; step++)
        {
            var uid = random.Next(20);
            if (random.Next(3) == 0)
            {
                var had = graph.Remove($"{uid}").Select(o => int.Parse(o.Uid)).Order();
                Assert.Equal(model.GetValueOrDefault(uid, []).Order(), had);
                model.Remove(uid);
            }
            else
            {
                var owners = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(20)).Distinct().ToArray();
                graph.Put(Head(uid, owners));
                model[uid] = owners;
            }
            var owner = random.Next(20);
            Assert.Equal(model.Where(m => m.Value.Contains(owner)).Select(m => $"{m.Key}").Order(), graph.DependentsOf($"{owner}").Select(d => d.Id.Uid).Order());
            Assert.Equal(model.Any(m => m.Value.Contains(owner)), graph.HasDependents($"{owner}"));
        }
    }

    [Fact]
    public void Only_a_blocking_reference_to_this_owner_blocks()
    {
        var graph = new OwnerGraph();
        graph.Put(Head(9, [2, 3]));
        Assert.True(Assert.Single(graph.DependentsOf("2")).Blocks("2"));
        Assert.False(Assert.Single(graph.DependentsOf("3")).Blocks("3"));
    }
}
