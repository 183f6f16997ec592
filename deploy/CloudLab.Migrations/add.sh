#!/bin/sh
# Adds a migration of this name for both databases. Generated files are committed as they are.
set -eu
name=${1:?usage: add.sh NameOfTheChange}
cd "$(dirname "$0")/../.."
for provider in Sqlite Postgres; do
    dotnet ef migrations add "$name" --context "${provider}CloudLabDbContext" \
        --project src/CloudLab.ControlPlane --startup-project deploy/CloudLab.Migrations \
        --output-dir "Persistence/Migrations/$provider"
done
