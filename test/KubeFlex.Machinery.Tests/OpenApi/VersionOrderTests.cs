using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.Tests.OpenApi;

public sealed class VersionOrderTests
{
    // The example of the API documentation on version priority.
    private static readonly string[] BestFirst =
        ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];

    [Fact]
    public void Any_shuffle_is_sorted_into_the_documented_order()
    {
        const int seed = 7;
        var random = new Random(seed);
        for (var i = 0; i < 200; i++)
        {
            var shuffled = BestFirst.ToArray();
            random.Shuffle(shuffled);
            Assert.Equal(BestFirst, shuffled.Order(VersionOrder.BestFirst));
        }
    }

    [Theory]
    [InlineData("v0")]
    [InlineData("v01")]
    [InlineData("v1beta")]
    [InlineData("v1gamma1")]
    [InlineData("v")]
    public void A_name_that_is_no_version_comes_after_all_versions(string name) => Assert.True(VersionOrder.BestFirst.Compare(name, "v1alpha1") > 0);
}
