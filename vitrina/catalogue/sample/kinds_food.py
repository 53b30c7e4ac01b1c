"""Kinds of groceries: packages with printed labels. `contents` is what is in them."""

from vitrina.catalogue.sample.kind import Kind

FOOD = (
    Kind(
        "jar",
        "groceries",
        ("Groceries", "Pantry", "Preserves"),
        4.5,
        {"glass": 1},
        {"plain": 4, "checked": 2, "striped": 1, "dotted": 1},
        {"180 g": 0.75, "250 g": 1.0, "340 g": 1.25, "500 g": 1.7},
        {"contents": {"honey": 2, "strawberry jam": 2, "orange marmalade": 2, "olives": 2, "fig jam": 1}},
    ),
    Kind(
        "cereal box",
        "groceries",
        ("Groceries", "Breakfast", "Cereals"),
        3.9,
        {"cardboard": 1},
        {"plain": 5, "striped": 1.4, "dotted": 1.2, "starred": 1, "checked": 0.8, "zigzag": 0.7},
        {"250 g": 0.75, "375 g": 1.0, "500 g": 1.25, "750 g": 1.7},
        {
            "contents": {
                "corn flakes": 2,
                "muesli": 2,
                "oat flakes": 1.5,
                "chocolate puffs": 1.5,
                "wheat squares": 1,
            }
        },
    ),
    Kind(
        "tin can",
        "groceries",
        ("Groceries", "Pantry", "Tinned food"),
        2.2,
        {"steel": 3, "aluminium": 1},
        {"plain": 5, "striped": 1.5, "checked": 1, "zigzag": 0.8, "dotted": 0.6},
        {"155 g": 0.7, "240 g": 0.9, "400 g": 1.0, "800 g": 1.6},
        {
            "contents": {
                "chickpeas": 1.5,
                "tomatoes": 2,
                "tuna": 2,
                "sardines": 1,
                "sweetcorn": 1.5,
                "beans": 1.5,
            },
            "opening": {"ring pull": 3, "plain lid": 2},
        },
    ),
    Kind(
        "carton",
        "groceries",
        ("Groceries", "Drinks", "Milk and juice"),
        1.7,
        {"cardboard": 1},
        {"plain": 6, "striped": 1.2, "dotted": 0.8, "checked": 0.6, "floral": 0.6, "zigzag": 0.5},
        {"0.2 l": 0.45, "0.5 l": 0.7, "1 l": 1.0, "1.5 l": 1.4},
        {
            "contents": {
                "whole milk": 3,
                "oat drink": 1.5,
                "almond drink": 1,
                "orange juice": 2,
                "tomato juice": 1,
            },
            "top": {"gable top": 3, "flat top": 2},
        },
    ),
    Kind(
        "coffee bag",
        "groceries",
        ("Groceries", "Drinks", "Coffee"),
        7.2,
        {"kraft paper": 3, "foil": 2, "plastic": 1},
        {"plain": 7, "striped": 1, "dotted": 0.6, "zigzag": 0.8, "floral": 0.6},
        {"125 g": 0.6, "250 g": 1.0, "500 g": 1.8, "1 kg": 3.2},
        {
            "contents": {
                "espresso beans": 2,
                "ground coffee": 2,
                "filter coffee": 1.5,
                "decaf coffee": 1,
            }
        },
    ),
)
