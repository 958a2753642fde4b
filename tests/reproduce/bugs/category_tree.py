"""Shows where a category is in a shop's catalogue."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/api/catalogues", tags=["catalogues"])


class Category(BaseModel):
    name: str
    parent: str | None = None


class Catalogue(BaseModel):
    shop: str
    categories: list[Category]


def path_of(name: str, parents: dict[str, str | None]) -> list[str]:
    # FIX parents = dict(parents)
    parent = parents.get(name)  # BUG
    # FIX parent = parents.pop(name, None)
    return [*path_of(parent, parents), name] if parent else [name]


@router.post("/paths")
async def paths(catalogue: Catalogue) -> list[str]:
    parents = {category.name: category.parent for category in catalogue.categories}
    return [" > ".join(path_of(name, parents)) for name in parents]
