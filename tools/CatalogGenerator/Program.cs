using KubeFlex.CatalogGenerator;

if (args.Length != 3)
{
    Console.Error.WriteLine("usage: CatalogGenerator <reference-dir> <discovery.json of what is served> <output>");
    return 2;
}
var facts = Facts.Read(args[0], args[1]);
var file = new CatalogWriter(facts).Write();
File.WriteAllBytes(args[2], file);
Console.Error.WriteLine($"Kubernetes {facts.Version}: {facts.Groups.Count} group versions, {facts.Groups.Sum(g => g.Resources.Count)} resources, {file.Length / 1024} KiB");
return 0;
